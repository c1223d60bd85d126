/** A real apiserver takes what is in example/, with Istio's and OpenShift's own definitions. */

import { readdirSync, readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { tempProject } from "../temp-project.ts";
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

test("the commands in the manifests' comments work", async () => {
  const commands = MANIFESTS.flatMap((name) => [
    ...readFileSync(`example/${name}`, "utf8").matchAll(/^# {3}kubectl (.*)$/gm),
  ]).map(([, args = ""]) => args.split(" "));
  expect(commands.map(([, , , , name]) => name)).toEqual(["back-golang", "back-python"]);
  for (const args of commands) {
    expect(await runKubectl(...args, "--dry-run=server")).toMatch(/^configmap\/\S+ created \(server dry run\)\n$/);
  }
});
