import { readFile, writeFile } from "node:fs/promises";

import { TestHost } from "proxy-wasm-ts/testing";
import { expect, test } from "vitest";

import { buildFilter } from "../../build/pipeline.ts";
import { tempProject } from "../temp-project.ts";

test("the README's filter builds, and does what the README says", async () => {
  const [, filter = ""] = /^```ts\n(import \{ defineFilter.*?)^```$/ms.exec(await readFile("README.md", "utf8")) ?? [];
  await using project = await tempProject({});
  await writeFile(project.path("auth.ts"), filter);
  const { wasm } = await buildFilter({ entry: project.path("auth.ts"), outfile: project.path("auth.wasm") });
  let status = 403;
  await using host = await TestHost.load(wasm, {
    config: { cluster: "auth" },
    clusters: { auth: () => new Response(null, { status }) },
  });
  expect((await host.fetch("http://shop/cart")).status).toBe(401);
  expect(host.calls).toContainEqual(expect.objectContaining({ call: "proxy_http_call", status: "Ok" }));
  status = 200;
  expect((await host.fetch("http://shop/cart")).status).toBe(200);
  expect(host.logs.map(({ message }) => message)).toContain("let /cart through");
});
