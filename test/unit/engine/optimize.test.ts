import { expect, test } from "vitest";

import { markColdFunctions } from "../../../build/engine/optimize.ts";

const IR = `define internal i32 @hot(i32 noundef %0) #0 {
}
define hidden void @"cold.name"(ptr %0) #12 !dbg !5 {
}
define i64 @JS_CallInternal() #3 {
}
declare void @elsewhere() #1
`;

test("all functions but the hot ones are marked to be small, the interpreter's loop to be balanced", () => {
  expect(markColdFunctions(IR, new Set(["hot"]))).toBe(`define internal i32 @hot(i32 noundef %0) #0 {
}
define hidden void @"cold.name"(ptr %0) #12 minsize optsize !dbg !5 {
}
define i64 @JS_CallInternal() #3 optsize {
}
declare void @elsewhere() #1
`);
});

test("a hot function that is not there is an error", () => {
  expect(() => markColdFunctions(IR, new Set(["hot", "gone", "elsewhere"]))).toThrow(
    "build/engine/hot-functions.txt names functions that the engine does not have: gone, elsewhere",
  );
});
