import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";
import { parse } from "yaml";

import { bootstrap } from "../../build/envoy/bootstrap.ts";
import { tempProject } from "../temp-project.ts";
import { startEnvoyFile } from "./envoy.ts";
import { startUpstream } from "./upstream.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("Envoy takes the README's part of an envoy.yaml, and the filter calls the cluster that it names", async () => {
  const [, yaml = ""] = /^```yaml\n(.*?)^```$/ms.exec(await readFile(join(root, "README.md"), "utf8")) ?? [];
  const filters = (parse(yaml) as { http_filters: readonly object[] }).http_filters;
  await using upstream = await startUpstream();
  await using python = await startUpstream();
  const config = JSON.stringify(
    bootstrap({ wasm: "unused", upstream: upstream.url, clusters: { "back-python": python.url }, adminPort: 0 }),
    (key, value: unknown) => (key === "http_filters" ? [...filters, (value as object[]).at(-1)] : value),
  );
  await using project = await tempProject({});
  await writeFile(project.path("envoy.yaml"), config);
  await using envoy = await startEnvoyFile(project.path("envoy.yaml"), root);
  expect((await fetch(`${envoy.url}/jump`)).status).toBe(200);
  expect(python.requests).toMatchObject([{ method: "GET", path: "/jump" }]);
});
