import { expect, test } from "vitest";

import { builtinLists, namesOfEngine } from "../../../build/engine/builtins.ts";

test("the lists are found in the C sources", () => {
  const source = "static const JSCFunctionListEntry js_math_funcs[] = {\n};\nJSCFunctionListEntry other[] = {};";
  expect(builtinLists(new Map([["a.c", source]]))).toEqual(new Set(["js_math_funcs", "other"]));
});

test("the names that the engine looks up are found, too", () => {
  const source = 'a = JS_GetPropertyStr(ctx, this_val, "sticky"); JS_GetPropertyStr(ctx, obj, name);';
  expect(namesOfEngine(new Map([["a.c", source]]))).toEqual(["sticky"]);
});
