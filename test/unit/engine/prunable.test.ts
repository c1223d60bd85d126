import { expect, test } from "vitest";

import { builtinLists, namesOfEngine, prunableFunctions } from "../../../build/engine/prunable.ts";

const IR = `@list = internal constant [2 x %struct.Entry] [%struct.Entry { ptr @only_listed }, %struct.Entry { ptr @"also.passed" }]
@table = internal constant [1 x ptr] [ptr @in_another_table]
@other_list = internal constant <{ ptr, ptr }> <{ ptr @only_listed, ptr @in_another_table }>
define internal i64 @only_listed(ptr %0) #0 {
  %1 = call i64 @called(ptr %0)
  %2 = call i64 @take(ptr noundef @"also.passed")
  %3 = call i64 @only_listed(ptr %0)
}
`;

test("prunable is what lists of builtins alone point to", () => {
  expect(prunableFunctions(IR, new Set(["list", "other_list"]))).toEqual(new Set(["only_listed"]));
});

test("the lists are found in the C sources", () => {
  const source = "static const JSCFunctionListEntry js_math_funcs[] = {\n};\nJSCFunctionListEntry other[] = {};";
  expect(builtinLists(new Map([["a.c", source]]))).toEqual(new Set(["js_math_funcs", "other"]));
});

test("the names that the engine looks up are found, too", () => {
  const source = 'a = JS_GetPropertyStr(ctx, this_val, "sticky"); JS_GetPropertyStr(ctx, obj, name);';
  expect(namesOfEngine(new Map([["a.c", source]]))).toEqual(["sticky"]);
});
