import { expect, test } from "vitest";

import { engineVersion, sortFunctions } from "../../../build/engine/parts.ts";

const ENGINE = `
#define call_me(x) other(x)
JSValue JS_PRINTF_FORMAT_ATTR(2, 3) JS_Throw(JSContext *ctx, const char *fmt, ...)
{
    memcpy(a, b, 1);
}
static int js_os_poll(JSContext *ctx);
int js_shared(int a,
              int b)
{
}
`;
const SHIM = `
EXPORT(proxy_on_log) void proxy_on_log(uint32_t id) { run_hook(id, strlen("a")); }
static int js_shared(int a);
static void run_hook(uint32_t id,
                     size_t size) {
}
`;

test("functions belong to the source that defines them", () => {
  const names = ["proxy_on_log", "run_hook", "run_hook.12", "JS_Throw", "js_shared", "JS_ByMacro", "memcpy", "strlen"];
  expect(sortFunctions(names, new Map([["q.c", ENGINE]]), new Map([["s.c", SHIM]]))).toEqual({
    shim: ["proxy_on_log", "run_hook", "run_hook.12"],
    library: ["memcpy", "strlen"],
  });
});

test("the engine's version is that of its header", () => {
  const header = ["MAJOR 1", "MINOR 2", "PATCH 3", 'SUFFIX "-dev"'].map((line) => `#define QJS_VERSION_${line}\n`);
  expect(engineVersion(new Map([["quickjs.h", header.join("")]]))).toBe("1.2.3-dev");
  expect(engineVersion(new Map([["quickjs.h", header.join("").replace('"-dev"', '""')]]))).toBe("1.2.3");
  expect(() => engineVersion(new Map([["quickjs.h", ""]]))).toThrow("quickjs.h has no QJS_VERSION_MAJOR");
});
