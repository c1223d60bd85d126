/** What `proxy-wasm-ts envoy-config` prints, in a real Envoy. */

import { copyFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { buildTestFilter } from "../build-filter.ts";
import { runNode } from "../run-node.ts";
import { tempProject } from "../temp-project.ts";
import { TcpClient } from "./client.ts";
import { startEnvoyFile, validateEnvoyFile } from "./envoy.ts";
import { startUpstream } from "./upstream.ts";

const CLI = fileURLToPath(new URL("../../build/cli.ts", import.meta.url));

/** A folder with a module and the envoy.yaml that the command has printed for it. */
async function configured(wasm: string, args: readonly string[], config: string) {
  const project = await tempProject({ "config.json": config, "config.txt": config });
  await copyFile(wasm, project.path("my.filter.wasm"));
  const command = ["--import", import.meta.resolve("tsx"), CLI, "envoy-config", "my.filter.wasm", ...args];
  const { status, stdout, stderr } = await runNode(command, project.path(""));
  expect([status, stderr]).toEqual([0, ""]);
  await writeFile(project.path("envoy.yaml"), stdout);
  return { project, yaml: stdout, [Symbol.asyncDispose]: () => project[Symbol.asyncDispose]() };
}

const PORTS = ["--port", "0", "--admin-port", "0"];

test("an HTTP filter's configuration is valid, and Envoy serves with it", async () => {
  await using called = await startUpstream((_request, response) => void response.end("pong"));
  await using upstream = await startUpstream((_request, response) => void response.end("hello"));
  const cluster = "outbound|5000||back-python.svc";
  const args = [
    ...PORTS,
    ...["--upstream", upstream.url.replace("127.0.0.1", "localhost")],
    ...["--cluster", `${cluster}=${called.url}`, "--config", "config.json"],
  ];
  const config = `{\n  "cluster": ${JSON.stringify(cluster)},\n  "responseHeader": "x-jump"\n}\n`;
  await using configuration = await configured("dist/filter.wasm", args, config);
  const { project, yaml } = configuration;
  expect(yaml).toContain("--component-log-level wasm:info");
  expect(yaml).toContain("name: my.filter\n");
  expect(yaml).toContain("filename: my.filter.wasm");
  expect(await validateEnvoyFile("envoy.yaml", project.path(""))).toMatch(/^configuration 'envoy\.yaml' OK$/m);

  await using envoy = await startEnvoyFile("envoy.yaml", project.path(""));
  const response = await fetch(`${envoy.url}/jump`);
  expect(await response.text()).toBe("hello");
  expect(response.headers.get("x-jump")).toBe("200");
  expect(called.requests.map(({ path, headers }) => [path, headers.host])).toEqual([["/jump", "back-python.svc"]]);
  await envoy.waitForFilterLog(/called outbound/);
});

test("a network filter stands before a TCP proxy", async () => {
  await using network = await buildTestFilter("network");
  await using upstream = await startUpstream();
  await using configuration = await configured(network.wasm, [...PORTS, "--upstream", upstream.url], "{}");
  const { project, yaml } = configuration;
  expect(yaml).toContain("envoy.filters.network.wasm");
  expect(yaml).not.toContain("http_connection_manager");
  expect(await validateEnvoyFile("envoy.yaml", project.path(""))).toMatch(/^configuration 'envoy\.yaml' OK$/m);
  await using envoy = await startEnvoyFile("envoy.yaml", project.path(""));
  await using client = new TcpClient(envoy.url);
  client.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  await client.closed();
  // This filter puts brackets around what comes.
  expect(client.received.toUpperCase()).toMatch(/^<HTTP\/1\.1 \d\d\d/);
});

test("texts stay texts, whatever they look like", async () => {
  await using plugins = await buildTestFilter("plugins");
  // The filter "second" has a configuration that is text, and shows it.
  const args = ["--upstream", "http://127.0.0.1:9", "--root-id", "second", "--config", "config.txt", "--name", "yes"];
  for (const text of ["on", "1e3", "~", "0x1f", "- a: b\n# c\n\ttab é\n"]) {
    const further = [...PORTS, "--http2", "upstream", "--fail-open"];
    await using configuration = await configured(plugins.wasm, [...args, ...further], text);
    const { project } = configuration;
    expect(await validateEnvoyFile("envoy.yaml", project.path("")), text).toMatch(/^configuration 'envoy\.yaml' OK$/m);
  }
});
