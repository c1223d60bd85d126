/** TypeScript 6 as a library, for the linter's sake and the tests': version 7, which the project is checked with, has no stable API. */
export { default as ts } from "typescript";
