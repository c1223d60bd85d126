export * from "./enums.ts";
export * from "./signatures.ts";
export * from "./versions.ts";
