// Beside the compiler that it needs: see scripts/lint/package.json.
export { default } from "./scripts/lint/eslint.config.js";
