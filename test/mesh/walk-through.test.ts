/** What docs/DEPLOY.md tells to do, word for word, and what it says that one sees. */

import { expect, test } from "vitest";

import { makeContainerPush } from "./images.ts";
import { curl, Log, requestUntil, runKubectl } from "./mesh.ts";

const GREETING = "JumpResponse[code: 200 ,message: /jump - Greetings from Python!]";

test("make container.push, kubectl apply, curl: the filter calls back-python, and the request goes on to back-golang", async () => {
  const istiod = await Log.follow("istiod");
  const gateway = await Log.follow("gateway");

  expect(await makeContainerPush("localhost:5000/wasm-http-request:v1")).toMatch(
    /^localhost:5000\/wasm-http-request@sha256:[0-9a-f]{64}$/,
  );
  expect(await runKubectl("apply", "-f", "example/wasmplugin.yaml")).toBe(
    "wasmplugin.extensions.istio.io/wasm-http-request created\n",
  );
  // Istio 1.31 makes a TrafficExtension of it; before 1.30 the line says WasmPlugin/istio-system/wasm-http-request.
  await istiod.waitFor(
    /Push debounce stable\[\d+\] \d+ for config TrafficExtension\/istio-system\/wasm-http-request~istio-translated-wasmplugin:/,
  );
  await gateway.waitFor(/fetching image wasm-http-request from registry localhost:5000 with tag v1/);
  // Envoy has compiled the module a moment later.
  await requestUntil(async () => (await gateway.text()).includes("wasm log: called "), "one that the filter has seen");

  const golang = await Log.follow("back-golang");
  const python = await Log.follow("back-python");
  expect(await curl("/jump")).toBe(GREETING);
  await python.waitFor(/"GET \/jump HTTP\/1\.1" 200 -/);
  await python.waitFor(/"POST \/jump HTTP\/1\.1" 200 -/);
  await golang.waitFor(/^ {2}X-Request-Id: [-0-9a-f]{36}$/);
  expect(await golang.text()).toMatch(/^Received GET \/jump\n( {2}[\w-]+: .*\n)* {2}User-Agent: curl/);
  await gateway.waitFor(
    /wasm log: called outbound\|5000\|\|back-python\.jump\.svc\.cluster\.local: GET \/jump -> 200 in \d+ ms/,
  );

  expect(await runKubectl("delete", "-f", "example/wasmplugin.yaml")).toMatch(/"wasm-http-request" deleted/);
  await requestUntil(async () => {
    const later = await Log.follow("back-python");
    expect(await curl("/jump")).toBe(GREETING);
    await later.waitFor(/"POST \/jump/);
    return !(await later.text()).includes('"GET /jump');
  }, "one without the filter's call");
});
