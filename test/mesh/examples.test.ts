/** A real apiserver takes what is in example/, with Istio's and OpenShift's own definitions. */

import { readdirSync, readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { tempProject } from "../temp-project.ts";
import { walkThroughCommands } from "./documented.ts";
import { runKubectl } from "./mesh.ts";

const MANIFESTS = readdirSync("example").filter((name) => name.endsWith(".yaml"));

test.each(MANIFESTS)("example/%s", async (name) => {
  const said = await runKubectl("apply", "--dry-run=server", "--validate=strict", "-f", `example/${name}`);
  expect(said).toMatch(/ \(server dry run\)\n$/);
});

test("a field that is not in the definitions is refused", async () => {
  const route = readFileSync("example/route.yaml", "utf8");
  await using project = await tempProject({ "route.yaml": route.replace("targetPort:", "targetPrt:") });
  await expect(runKubectl("apply", "--dry-run=server", "-f", project.path("route.yaml"))).rejects.toThrow(
    'unknown field "spec.port.targetPrt"',
  );
});

test("the commands in the manifests' comments are those of the walk-through", async () => {
  const commands = MANIFESTS.flatMap((name) => [
    ...readFileSync(`example/${name}`, "utf8").matchAll(/^# {3}(kubectl .*)$/gm),
  ]).map(([, command = ""]) => command);
  expect(commands).toHaveLength(2);
  expect(await walkThroughCommands()).toEqual(expect.arrayContaining(commands));
});
