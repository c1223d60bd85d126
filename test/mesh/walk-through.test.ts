/** What docs/DEPLOY.md tells to do, word for word, and what it says that one sees. */

import { expect, inject, test } from "vitest";

import { walkThroughCommands } from "./documented.ts";
import { make } from "./images.ts";
import { curl, Log, request, requestUntil, runKubectl } from "./mesh.ts";
import { MESH_LOGS } from "./quotes.ts";

const GREETING = "JumpResponse[code: 200 ,message: /jump - Greetings from Python!]";

/** Types a command of the page. */
async function type(command: string): Promise<string> {
  const [program, ...args] = command.split(" ");
  const output = await (program === "kubectl"
    ? runKubectl(...args)
    : program === "make"
      ? make(...args)
      : curl(...args.map((arg) => arg.replace("GATEWAY", new URL(inject("mesh").gateway).host))));
  console.log(`$ ${command}\n${output.trimEnd()}`);
  return output;
}

/** Shows what a program has logged. */
function show(name: string, lines: string): string {
  console.log(lines.trimEnd().replaceAll(/^/gm, `${name} | `));
  return lines;
}

test("the filter calls back-python, and the request goes on to back-golang", async () => {
  const commands = (await walkThroughCommands()).values();
  const next = (expected: string) => {
    const command = commands.next().value ?? "";
    expect(command).toContain(expected);
    return type(command);
  };
  const istiod = await Log.follow("istiod");
  const gateway = await Log.follow("gateway");

  expect(await next("kubectl apply -f example/namespace.yaml")).toMatch(/^namespace\/jump /);
  expect(await next("kubectl -n jump create configmap back-golang ")).toBe("configmap/back-golang created\n");
  expect(await next("kubectl -n jump create configmap back-python ")).toBe("configmap/back-python created\n");
  expect(await next("kubectl apply -f example/back-golang.yaml ")).toContain("gateway.networking.istio.io/jump ");
  expect(await next("make container.push IMAGE=localhost:5000/wasm-http-request:v1")).toMatch(
    /^localhost:5000\/wasm-http-request@sha256:[0-9a-f]{64}$/m,
  );
  expect(await next("kubectl apply -f example/wasmplugin.yaml")).toBe(
    "wasmplugin.extensions.istio.io/wasm-http-request created\n",
  );
  // Istio 1.31 makes a TrafficExtension of it; before 1.30 the line says WasmPlugin/istio-system/wasm-http-request.
  const pushed = await istiod.waitFor(MESH_LOGS["taken by istiod"]);
  expect(show("istiod", pushed)).toMatch(/Push debounce stable\[\d+\] \d+ for config /);
  show("gateway", await gateway.waitFor(MESH_LOGS["being fetched"]));
  // Envoy has compiled the module a moment later.
  await requestUntil(async () => (await gateway.text()).includes("wasm log: called "), "one that the filter has seen");

  const golang = await Log.follow("back-golang");
  const python = await Log.follow("back-python");
  expect(await next("curl http://GATEWAY/jump")).toBe(GREETING);
  await golang.waitFor(/^ {2}X-Request-Id: [-0-9a-f]{36}$/);
  expect(show("back-golang", await golang.text())).toMatch(
    /^Received GET \/jump\n( {2}[\w-]+: .*\n)* {2}User-Agent: curl/,
  );
  // The filter's call, and back-golang's.
  await python.waitFor(/"GET \/jump HTTP\/1\.1" 200 -/);
  await python.waitFor(/"POST \/jump HTTP\/1\.1" 200 -/);
  show("back-python", await python.text());
  show("gateway", await gateway.waitFor(MESH_LOGS["the filter's own"]));

  expect(await next("kubectl delete -f example/wasmplugin.yaml")).toMatch(/"wasm-http-request" deleted/);
  await requestUntil(async () => {
    const later = await Log.follow("back-python");
    expect((await request()).body).toBe(GREETING);
    await later.waitFor(/"POST \/jump/);
    return !(await later.text()).includes('"GET /jump');
  }, "one without the filter's call");
  expect([...commands]).toEqual([]);
});
