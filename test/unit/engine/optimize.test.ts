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

test("what the interpreter's loop calls stays apart, unless it is hot or declared inline", () => {
  const ir = `define i64 @JS_CallInternal(ptr %0) #3 {
  %2 = call i32 @hot(i32 1)
  %3 = tail call i64 @slow_path(ptr %0), !dbg !5
  call void @small(ptr %0)
}
define internal i32 @hot(i32 noundef %0) #0 {
}
define internal i64 @slow_path(ptr %0) #0 {
}
define internal void @small(ptr %0) #4 {
}
define internal void @other(ptr %0) #0 {
  call void @other_slow_path(ptr %0)
}
define internal void @other_slow_path(ptr %0) #0 {
}
attributes #0 = { nounwind }
attributes #3 = { nounwind }
attributes #4 = { inlinehint nounwind }
`;
  const lines = markColdFunctions(ir, new Set(["hot"])).split("\n");
  expect(lines.filter((line) => line.startsWith("define")).map((line) => line.replace(/^.*@/, ""))).toEqual([
    "JS_CallInternal(ptr %0) #3 optsize {",
    "hot(i32 noundef %0) #0 {",
    "slow_path(ptr %0) #0 minsize optsize noinline {",
    "small(ptr %0) #4 minsize optsize {",
    "other(ptr %0) #0 minsize optsize {",
    "other_slow_path(ptr %0) #0 minsize optsize {",
  ]);
});

test("a hot function that is not there is an error", () => {
  expect(() => markColdFunctions(IR, new Set(["hot", "gone", "elsewhere"]))).toThrow(
    "build/engine/hot-functions.txt names functions that the engine does not have: gone, elsewhere",
  );
});
