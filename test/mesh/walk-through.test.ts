/** What docs/DEPLOY.md tells to do, word for word, and what it says that one sees. */

import { expect, test } from "vitest";

import { makeContainerPush } from "./images.ts";
import { curl, Log, requestUntil, runKubectl } from "./mesh.ts";
import { MESH_LOGS } from "./quotes.ts";
import { showCommand, showLog } from "./transcript.ts";

const IMAGE = "localhost:5000/wasm-http-request:v1";
const GREETING = "JumpResponse[code: 200 ,message: /jump - Greetings from Python!]";

test("make container.push, kubectl apply, curl: the filter calls back-python, and the request goes on to back-golang", async () => {
  const istiod = await Log.follow("istiod");
  const gateway = await Log.follow("gateway");

  const digest = showCommand(`make container.push IMAGE=${IMAGE}`, await makeContainerPush(IMAGE));
  expect(digest).toMatch(/^localhost:5000\/wasm-http-request@sha256:[0-9a-f]{64}$/);
  const applied = await runKubectl("apply", "-f", "example/wasmplugin.yaml");
  expect(showCommand("kubectl apply -f example/wasmplugin.yaml", applied)).toBe(
    "wasmplugin.extensions.istio.io/wasm-http-request created\n",
  );
  // Istio 1.31 makes a TrafficExtension of it; before 1.30 the line says WasmPlugin/istio-system/wasm-http-request.
  const pushed = await istiod.waitFor(MESH_LOGS["taken by istiod"]);
  expect(showLog("istiod", pushed)).toMatch(/Push debounce stable\[\d+\] \d+ for config /);
  showLog("gateway", await gateway.waitFor(MESH_LOGS["being fetched"]));
  // Envoy has compiled the module a moment later.
  await requestUntil(async () => (await gateway.text()).includes("wasm log: called "), "one that the filter has seen");

  const golang = await Log.follow("back-golang");
  const python = await Log.follow("back-python");
  expect(showCommand("curl http://GATEWAY/jump", await curl("/jump"))).toBe(GREETING);
  await golang.waitFor(/^ {2}X-Request-Id: [-0-9a-f]{36}$/);
  expect(showLog("back-golang", await golang.text())).toMatch(
    /^Received GET \/jump\n( {2}[\w-]+: .*\n)* {2}User-Agent: curl/,
  );
  // The filter's call, and back-golang's.
  await python.waitFor(/"GET \/jump HTTP\/1\.1" 200 -/);
  await python.waitFor(/"POST \/jump HTTP\/1\.1" 200 -/);
  showLog("back-python", await python.text());
  showLog("gateway", await gateway.waitFor(MESH_LOGS["the filter's own"]));

  const deleted = await runKubectl("delete", "-f", "example/wasmplugin.yaml");
  expect(showCommand("kubectl delete -f example/wasmplugin.yaml", deleted)).toMatch(/"wasm-http-request" deleted/);
  await requestUntil(async () => {
    const later = await Log.follow("back-python");
    expect(await curl("/jump")).toBe(GREETING);
    await later.waitFor(/"POST \/jump/);
    return !(await later.text()).includes('"GET /jump');
  }, "one without the filter's call");
});
