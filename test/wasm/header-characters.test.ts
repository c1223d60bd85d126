/** Names and values of headers are checked eight bytes at a time (src/shim/pairs.c): each character, at each place, is told as RFC 9110 has it. */

import { expect, test } from "vitest";

import { buildModule } from "../build-filter.ts";
import { TestHost } from "../host/index.ts";

/** Says what was told wrongly, of texts with the character at one place. */
const FILTER = `import { defineFilter, Response } from "proxy-wasm-ts";
  const token = /^[!#$%&'*+.^_\`|~0-9A-Za-z-]+$/;
  export default defineFilter({
    limits: { callbackMs: 60_000 },
    onRequestHeaders(request) {
      const place = Number(request.headers.get("x-place"));
      const wrong: string[] = [];
      const takes = (name: string, value: string) => {
        try { request.headers.set(name, value); request.headers.delete(name); return true; } catch { return false; }
      };
      for (let code = 0; code < 256; code++)
        for (const length of [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23]) {
          if (place >= length) continue;
          const character = String.fromCharCode(code);
          const text = "a".repeat(place) + character + "z".repeat(length - place - 1);
          const pseudo = place === 0 && length > 1 && character === ":";
          if (takes(text, "v") !== (token.test(text) || pseudo)) wrong.push("name " + code + " of " + length);
          if (takes("x", text) === "\\0\\r\\n".includes(character)) wrong.push("value " + code + " of " + length);
        }
      return new Response(wrong.join("\\n") || "none");
    },
  });`;

test("each character at each place", async () => {
  await using module = await buildModule(FILTER, { typecheck: false });
  await using host = await TestHost.load(module.wasm);
  for (let place = 0; place < 23; place++) {
    const answer = await host.fetch("http://a/", { headers: { "x-place": String(place) } });
    expect(await answer.text(), `at ${place}`).toBe("none");
  }
});
