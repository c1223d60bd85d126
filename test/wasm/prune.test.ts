import { expect, test } from "vitest";

import { buildFilter } from "../../build/pipeline.ts";
import { TestHost } from "../host/index.ts";
import { tempProject } from "../temp-project.ts";

/** What a hook with this body logs, in a module built with these options. */
async function logOf(body: string, options: { keepBuiltins?: boolean } = {}) {
  const text = `import { defineFilter } from "proxy-wasm-ts";
    export default defineFilter({
      onRequestHeaders(request, { log }) {
        try { ${body} } catch (error) { log.warn(String(error)); }
      },
    });`;
  await using project = await tempProject({ "filter.ts": text });
  const outfile = project.path("out.wasm");
  const { wasm } = await buildFilter({ entry: project.path("filter.ts"), outfile, typecheck: false, ...options });
  await using host = await TestHost.load(wasm, { upstream: () => new Response("") });
  await host.fetch("http://a/");
  return { lines: host.logs.map(({ message }) => message), bytes: wasm.length };
}

/** A name that the bundle does not hold. */
const COMPUTED = `const name = ["to", "Spliced"].join(""); const call = (list) => list[name](0, 1);`;

test("a builtin that the code does not name is left out, and a computed name says so, each time", async () => {
  const { lines } = await logOf(`${COMPUTED}
    for (let i = 0; i < 2; i++) try { call([1, 2]); } catch (error) { log.info(String(error)); }`);
  const message =
    "TypeError: the builtin toSpliced was left out of the module, because the filter's code does not name it; build with --keep-builtins";
  expect(lines).toEqual([message, message]);
});

test("with --keep-builtins a computed name finds everything, and the module is larger", async () => {
  const body = `${COMPUTED} log.info(String(call([1, 2])));`;
  const [kept, pruned] = [await logOf(body, { keepBuiltins: true }), await logOf(body)];
  expect(kept.lines).toEqual(["2"]);
  expect(pruned.bytes).toBeLessThan(kept.bytes * 0.95);
});

test("what the code names works: methods, getters, namespaces, functions, inherited names", async () => {
  const { lines } = await logOf(`
    log.info([3, 1, 2].toSorted().join());
    log.info(new Map([["a", 1]]).size + " " + /a/g.flags + " " + Math.max(1, 2) + " " + Math.hypot(3, 4));
    log.info(parseInt("7px") + " " + "abc".at(-1) + " " + JSON.stringify({ a: [1] }) + " " + encodeURIComponent("ä"));
    log.info([..."ab"].entries().next().value.join() + " " + new Set([1]).has(1) + " " + new Date(0).toISOString());
    const words = {}; for (const word of ["isPrototypeOf", "valueOf", "a"]) words[word] = 1;
    log.info(Object.keys(words).join());`);
  expect(lines).toEqual([
    "1,2,3",
    "1 g 2 5",
    '7 c {"a":[1]} %C3%A4',
    "0,a true 1970-01-01T00:00:00.000Z",
    "isPrototypeOf,valueOf,a",
  ]);
});
