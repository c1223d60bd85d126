/** Mistakes of a filter that the host names. */

import { setTimeout as sleep } from "node:timers/promises";

import { expect, test } from "vitest";

import { compileFilter, TestHost } from "../../host/index.ts";
import { tempProject } from "../../temp-project.ts";
import { load, messages, statuses } from "./helpers.ts";
import { param, wat, when } from "./tiny-module.ts";

test("a promise that nothing settles", async () => {
  await using project = await tempProject({
    "filter.ts": `import { defineFilter } from "proxy-wasm-ts";
export default defineFilter({ onRequestHeaders: () => new Promise<undefined>(() => undefined) });`,
  });
  const host = await TestHost.load(await compileFilter(project.path("filter.ts")));
  const waiting = host.fetch("http://a/").catch(String);
  await sleep(1200);
  expect(messages(host)).toEqual([
    expect.stringMatching(
      /^the stream of context 2 has been paused for a second, and .* await a promise that nothing settles/,
    ),
  ]);
  await host.close();
  expect(await waiting).toContain("the test host was closed");
});

test("a body of another length than content-length says", async () => {
  const shorten = wat(
    "(drop (call $proxy_set_buffer_bytes (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 0) (i32.const 2)))",
  );
  await using host = await load(
    { proxy_on_request_body: [when(param(1), [shorten])] },
    { upstream: () => new Response("four") },
  );
  await host.fetch("http://a/", { method: "POST", body: "12345", headers: { "content-length": "5" } });
  expect(messages(host)).toEqual([
    expect.stringMatching(
      /^the request has a body of 2 bytes, and its content-length says 5: .*requestBody: "rewrite" does/,
    ),
  ]);
  await host.fetch("http://a/", { method: "HEAD" });
  expect(messages(host)).toHaveLength(1);
});

test("a map that is not there in this phase", async () => {
  const early = wat(`(drop (call $proxy_remove_header_map_value (i32.const 2) (i32.const 0) (i32.const 1)))`);
  await using host = await load({ proxy_on_request_headers: [early] });
  await host.fetch("http://a/");
  expect(statuses(host, "proxy_remove_header_map_value")).toEqual(["BadArgument"]);
});
