export * from "./enums.ts";
export * from "./signatures.ts";
