import { writeFile } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";

import { runCommand } from "../run-command.ts";
import { tempProject } from "../temp-project.ts";
import type { TempProject } from "../temp-project.ts";
import { assemble } from "../wasm-text.ts";

const UPSTREAM = ["--upstream", "http://localhost:8080"];

function moduleWith(text: string, imports = ""): Uint8Array {
  return assemble(
    `(module ${imports} (memory (export "memory") 1)
      (func (export "malloc") (param i32) (result i32) (i32.const 0))
      (func (export "proxy_abi_version_0_2_1")) ${text})`,
  );
}

const HTTP = `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))`;
const NETWORK = `(func (export "proxy_on_new_connection") (param i32) (result i32) (i32.const 0))`;

const folder = process.cwd();
let project: TempProject;

beforeAll(async () => {
  project = await tempProject({ "bad.json": '{\n  "a": 1,\n  b\n}\n', "empty.json": "\n", "cut.json": '{"a": [1, 2' });
  await writeFile(project.path("http.wasm"), moduleWith(HTTP));
  await writeFile(project.path("both.wasm"), moduleWith(HTTP + NETWORK));
  await writeFile(project.path("service.wasm"), moduleWith(""));
  await writeFile(project.path("plain.wasm"), assemble("(module)"));
  await writeFile(project.path("odd.wasm"), moduleWith(HTTP, `(import "env" "proxy_teleport" (func))`));
  process.chdir(project.path(""));
});

afterAll(async () => {
  process.chdir(folder);
  await project[Symbol.asyncDispose]();
});

const run = (args: readonly string[]) => runCommand(["envoy-config", ...args]);

test("options go where Envoy wants them", async () => {
  const { stdout } = await run([
    ...["http.wasm", "--upstream", "http://shop", "--cluster", "a=http://10.0.0.1:5000", "--http2", "a"],
    ...[
      "--port",
      "8443",
      "--host",
      "0.0.0.0",
      "--admin-port",
      "9901",
      "--root-id",
      "r",
      "--name",
      "shop",
      "--fail-open",
    ],
    ...["--wasm-path", "/etc/envoy/f.wasm"],
  ]);
  const config = parse(stdout) as Record<string, unknown>;
  expect(config).toMatchObject({
    admin: { address: { socket_address: { address: "127.0.0.1", port_value: 9901 } } },
    static_resources: {
      listeners: [{ address: { socket_address: { address: "0.0.0.0", port_value: 8443 } } }],
      clusters: [
        { name: "a", type: "STATIC" },
        { name: "upstream", type: "STRICT_DNS" },
      ],
    },
  });
  expect(stdout).toContain("address: shop\n                      port_value: 80\n");
  expect(stdout).toContain("http2_protocol_options: {}");
  expect(stdout).toMatch(/name: shop\n +root_id: r\n +failure_policy: FAIL_OPEN\n/);
  expect(stdout).toContain("filename: /etc/envoy/f.wasm");
});

test("a module with the hooks of both kinds is an HTTP filter, unless it is said", async () => {
  expect((await run(["both.wasm", ...UPSTREAM])).stdout).toContain("envoy.filters.http.wasm");
  expect((await run(["both.wasm", ...UPSTREAM, "--kind", "network"])).stdout).toContain("envoy.filters.network.wasm");
});

test("what hosts would refuse is told beside the configuration", async () => {
  const { status, stdout, stderr } = await run(["odd.wasm", ...UPSTREAM]);
  expect(status).toBe(0);
  expect(stdout).toContain("filename: odd.wasm");
  expect(stderr).toBe("odd.wasm: problem: it imports env.proxy_teleport, which no Proxy-Wasm host has to offer\n");
});

describe("wrong usage", () => {
  test.each([
    [[], "envoy-config takes one module, not none"],
    [["http.wasm"], "envoy-config needs --upstream URL, where requests go after the filter"],
    [
      ["http.wasm", "--upstream", "localhost:8080"],
      `--upstream must be a URL such as http://localhost:8080, not "localhost:8080"`,
    ],
    [
      ["http.wasm", "--upstream", "https://a"],
      "--upstream must be an http:// URL: a connection with TLS is beyond this",
    ],
    [
      ["http.wasm", "--upstream", "http://a/b"],
      "--upstream must be a URL such as http://localhost:8080, without a path",
    ],
    [
      ["http.wasm", ...UPSTREAM, "--cluster", "a"],
      `--cluster must be NAME=URL, such as auth=http://localhost:5000, not "a"`,
    ],
    [["http.wasm", ...UPSTREAM, "--cluster", "=http://a"], `--cluster must be NAME=URL`],
    [["http.wasm", ...UPSTREAM, "--cluster", "a="], `--cluster a must be a URL such as http://localhost:8080, not ""`],
    [["http.wasm", ...UPSTREAM, "--cluster", "a=http://a", "--cluster", "a=http://b"], "--cluster a is there twice"],
    [
      ["http.wasm", ...UPSTREAM, "--cluster", "upstream=http://a"],
      "--cluster upstream: that is the name of the upstream's cluster",
    ],
    [["http.wasm", ...UPSTREAM, "--http2", "a"], "--http2 a: there is no such cluster; name it with --cluster a=URL"],
    [["http.wasm", ...UPSTREAM, "--port", "70000"], `--port must be a port from 0 to 65535, not "70000"`],
    [["http.wasm", ...UPSTREAM, "--host", "localhost"], "--host must be an IP address, as Envoy wants it"],
    [["http.wasm", ...UPSTREAM, "--kind", "tcp"], `--kind must be http or network, not "tcp"`],
    [["http.wasm", ...UPSTREAM, "--tls"], "Unknown option '--tls'"],
  ])("%j", async (args, message) => {
    const { status, stdout, stderr } = await run(args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`proxy-wasm-ts: ${message}`);
    expect(stderr).toContain("\n\nUsage: proxy-wasm-ts envoy-config FILTER.wasm --upstream URL [options]\n");
  });
});

describe("what cannot be used", () => {
  const hint = "A configuration that is no JSON goes into a file with another ending.";
  test.each([
    [["nowhere.wasm", ...UPSTREAM], "cannot read nowhere.wasm: no such file or directory."],
    [
      ["plain.wasm", ...UPSTREAM],
      "plain.wasm cannot be loaded by Envoy: it is no Proxy-Wasm module: it exports none of",
    ],
    [["service.wasm", ...UPSTREAM], "service.wasm has no hook of a request or a connection, and so is no filter."],
    [["http.wasm", ...UPSTREAM, "--kind", "network"], "http.wasm is no network filter: it has no hook of one."],
    [["http.wasm", ...UPSTREAM, "--config", "no.json"], "cannot read no.json: no such file or directory."],
    [
      ["http.wasm", ...UPSTREAM, "--config", "bad.json"],
      "bad.json:3:3 - error: the plugin configuration is no JSON: " +
        `Expected string in JSON but found "b". ${hint}\n\n3   b\n    ~\n`,
    ],
    [
      ["http.wasm", ...UPSTREAM, "--config", "cut.json"],
      `cut.json:1:12 - error: the plugin configuration is no JSON: `,
    ],
    [
      ["http.wasm", ...UPSTREAM, "--config", "empty.json"],
      "empty.json - error: the plugin configuration is no JSON: it is empty. ",
    ],
  ])("%j", async (args, message) => {
    const { status, stdout, stderr } = await run(args);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(message);
  });
});
