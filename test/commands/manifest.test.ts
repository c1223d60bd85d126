/** What `proxy-wasm-ts manifest` says and refuses; test/images and test/envoy show it to those that read it. */

import { readFile, writeFile } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";

import { runCommand } from "../run-command.ts";
import { tempProject } from "../temp-project.ts";
import type { TempProject } from "../temp-project.ts";

const IMAGE = ["--image", "oci://registry.example.com/team/jump:v1"];
const DIGEST = "3f".repeat(32);

let project: TempProject;

beforeAll(async () => {
  project = await tempProject({ "list.json": "[1, 2]", "text.txt": "not JSON", "bad.json": "{" });
  await writeFile(project.path("config.json"), JSON.stringify({ cluster: "auth", on: "yes" }));
});

afterAll(() => project[Symbol.asyncDispose]());

const run = (args: readonly string[]) =>
  runCommand(["manifest", ...args.map((arg) => (/\.(json|txt)$/.test(arg) ? project.path(arg) : arg))]);

async function manifest(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await run(args);
  expect([status, stderr]).toEqual([0, ""]);
  return stdout;
}

test("example/wasmplugin.yaml is what the command in its first lines prints", async () => {
  const text = await readFile("example/wasmplugin.yaml", "utf8");
  const [, command = ""] = /^# +npx proxy-wasm-ts (manifest .*(?:\n# {4,}.*)*)/m.exec(text) ?? [];
  const { stdout } = await runCommand(command.replaceAll(/\n# +/g, " ").split(" "));
  expect(parse(text)).toEqual(parse(stdout));
  expect(parse(text)).toMatchObject({ metadata: { name: "wasm-http-request", namespace: "istio-system" } });
  // The Makefile pushes what it names.
  expect(await readFile("Makefile", "utf8")).toContain(`\nIMAGE ?= ${/oci:\/\/(\S+)/.exec(text)?.[1] ?? ""}\n`);
});

const PLUGIN = [
  ...["--name", "jump", "-n", "shop", "--root-id", "r", "--config", "config.json", "--env", "A=on", "--env", "B"],
  ...["--pull-policy", "Always", "--pull-secret", "login", "--fail-strategy", "FAIL_OPEN", "--sha256", DIGEST],
  ...["--phase", "AUTHZ", "--priority=-5", "--match", "SERVER:8080", "--match", "443"],
];

describe("options go where Istio wants them", () => {
  const where = {
    selector: { matchLabels: { app: "shop" } },
    phase: "AUTHZ",
    priority: -5,
    match: [
      { mode: "SERVER", ports: [{ number: 8080 }] },
      { mode: "CLIENT_AND_SERVER", ports: [{ number: 443 }] },
    ],
  };
  const plugin = {
    url: "oci://registry.example.com/team/jump:v1",
    sha256: DIGEST,
    imagePullPolicy: "Always",
    imagePullSecret: "login",
    pluginName: "r",
    failStrategy: "FAIL_OPEN",
    vmConfig: {
      env: [
        { name: "A", value: "on" },
        { name: "B", valueFrom: "HOST" },
      ],
    },
    pluginConfig: { cluster: "auth", on: "yes" },
  };
  const metadata = { name: "jump", namespace: "shop" };

  test("WasmPlugin", async () => {
    const text = await manifest("--for", "wasmplugin", ...IMAGE, ...PLUGIN, "--selector", "app=shop");
    expect(parse(text)).toEqual({
      apiVersion: "extensions.istio.io/v1alpha1",
      kind: "WasmPlugin",
      metadata,
      spec: { ...where, ...plugin },
    });
    // Readers of YAML 1.1 take these for booleans.
    expect(text).toContain(`value: "on"`);
    expect(text).toContain(`"on": "yes"`);
    expect(text).toMatch(/^# Apply it with: kubectl apply -f FILE\n\napiVersion/);
  });

  test("TrafficExtension", async () => {
    const text = await manifest("--for", "trafficextension", ...IMAGE, ...PLUGIN, "--selector", "app=shop");
    expect(parse(text)).toEqual({
      apiVersion: "extensions.istio.io/v1alpha1",
      kind: "TrafficExtension",
      metadata,
      spec: { ...where, wasm: plugin },
    });
  });

  test("targets, by group and kind", async () => {
    const targets = ["Gateway/edge", "Service/cart", "ServiceEntry/db", "example.com/Odd/one"];
    const text = await manifest("--for", "wasmplugin", ...IMAGE, ...targets.flatMap((ref) => ["--target-ref", ref]));
    expect(parse(text)).toMatchObject({
      spec: {
        targetRefs: [
          { group: "gateway.networking.k8s.io", kind: "Gateway", name: "edge" },
          { group: "", kind: "Service", name: "cart" },
          { group: "networking.istio.io", kind: "ServiceEntry", name: "db" },
          { group: "example.com", kind: "Odd", name: "one" },
        ],
      },
    });
  });
});

describe("EnvoyFilter", () => {
  interface Patches {
    readonly spec: {
      readonly workloadSelector?: unknown;
      readonly configPatches: readonly {
        applyTo: string;
        match: { context: string; listener?: object };
        patch: object;
      }[];
    };
  }
  const filterOf = async (...args: readonly string[]) => {
    const { spec } = parse(await manifest("--for", "envoyfilter", ...args)) as Patches;
    return spec;
  };

  test("an image is fetched by the agent, and so its configuration comes by ECDS", async () => {
    const [filter, extension, ...rest] = (await filterOf(...IMAGE, "-n", "shop")).configPatches;
    expect(rest).toEqual([]);
    expect(filter).toMatchObject({
      applyTo: "HTTP_FILTER",
      match: {
        context: "ANY",
        listener: { filterChain: { filter: { subFilter: { name: "envoy.filters.http.router" } } } },
      },
      patch: {
        operation: "INSERT_BEFORE",
        value: { name: "shop.jump", config_discovery: { config_source: { ads: {} } } },
      },
    });
    expect(extension).toMatchObject({
      applyTo: "EXTENSION_CONFIG",
      patch: {
        operation: "ADD",
        value: {
          name: "shop.jump",
          typed_config: {
            config: { vm_config: { code: { remote: { http_uri: { uri: IMAGE[1] }, sha256: "nil" } } } },
          },
        },
      },
    });
  });

  test("a digest is the checksum, too", async () => {
    const { configPatches } = await filterOf("--image", `oci://registry.example.com/jump@sha256:${DIGEST}`);
    expect(JSON.stringify(configPatches)).toContain(`"sha256":"${DIGEST}"`);
  });

  test("a file is Envoy's own to read; a client is a sidecar's or a gateway's", async () => {
    const options = ["--match", "CLIENT:8443", "--selector", "app=a", "--env", "A=1", "--env", "B"];
    const { configPatches, workloadSelector } = await filterOf("--file", "/etc/jump.wasm", ...options);
    expect(workloadSelector).toEqual({ labels: { app: "a" } });
    expect(
      configPatches.map(({ match }) => [match.context, (match.listener as { portNumber: number }).portNumber]),
    ).toEqual([
      ["SIDECAR_OUTBOUND", 8443],
      ["GATEWAY", 8443],
    ]);
    expect(configPatches[0]?.patch).toMatchObject({
      value: {
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
          config: {
            vm_config: {
              code: { local: { filename: "/etc/jump.wasm" } },
              environment_variables: { host_env_keys: ["B"], key_values: { A: "1" } },
            },
          },
        },
      },
    });
  });
});

test("Envoy Gateway's EnvoyExtensionPolicy", async () => {
  const options = [
    ...["-n", "shop", "--target-ref", "HTTPRoute/cart", "--pull-secret", "login", "--pull-policy", "IfNotPresent"],
    ...["--env", "B", "--fail-strategy", "FAIL_CLOSE", "--config", "list.json", "--root-id", "r", "--sha256", DIGEST],
  ];
  expect(parse(await manifest("--for", "envoy-gateway", ...IMAGE, ...options))).toEqual({
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "EnvoyExtensionPolicy",
    metadata: { name: "jump", namespace: "shop" },
    spec: {
      targetRefs: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", name: "cart" }],
      wasm: [
        {
          name: "jump",
          rootID: "r",
          code: {
            type: "Image",
            image: {
              url: "registry.example.com/team/jump:v1",
              sha256: DIGEST,
              pullSecretRef: { kind: "Secret", name: "login" },
            },
            pullPolicy: "IfNotPresent",
          },
          failOpen: false,
          env: { hostKeys: ["B"] },
          config: [1, 2],
        },
      ],
    },
  });
});

describe("remarks", () => {
  test.each([
    [["wasmplugin", ...IMAGE], "Not pinned: who may push can change what runs."],
    [["wasmplugin", "--url", "https://example.com/a.wasm"], "Not pinned: --sha256 has the module's checksum"],
    [["wasmplugin", ...IMAGE], "For every workload of its namespace"],
    [["wasmplugin", ...IMAGE], "It has no namespace"],
    [["wasmplugin", "--file", "/a.wasm"], "The module has to be in each proxy's own file system"],
    [["envoyfilter", ...IMAGE], "context ANY: connections to workloads, from them, and through gateways"],
    [["envoyfilter", ...IMAGE, "--match", "SERVER"], "portNumber and context are those of the proxy's listeners"],
  ])("%j", async (args, remark) => {
    expect(await manifest("--for", ...args)).toContain(`\n# ${remark}`);
  });

  test("there are none about what is pinned and placed", async () => {
    const args = ["--image", `r.example.com/jump@sha256:${DIGEST}`, "-n", "shop", "--target-ref", "Gateway/edge"];
    expect(await manifest("--for", "wasmplugin", ...args)).toMatch(/^# Apply it with: kubectl apply -f FILE\n\napi/);
  });
});

test.each([
  [["--image", "r.example.com/team/My_Jump-2:v1".toLowerCase()], "my-jump-2"],
  [["--url", "https://example.com/plugins/Jump.Filter.wasm?v=1"], "jump-filter"],
  [["--file", "file:///etc/_.wasm"], "plugin"],
])("the name for %j is %s", async (args, name) => {
  expect(parse(await manifest("--for", "wasmplugin", ...args))).toMatchObject({ metadata: { name } });
});

describe("what a kind cannot say", () => {
  const GATEWAY = ["--for", "envoy-gateway", ...IMAGE, "--target-ref", "Gateway/edge"];
  const FILE = ["--file", "/a.wasm"];
  test.each([
    [
      ["--for", "wasmplugin", ...IMAGE, "--selector", "a=b", "--target-ref", "Gateway/a"],
      "--selector and --target-ref are both there",
    ],
    [["--for", "wasmplugin", ...IMAGE, "--config", "list.json"], "--config must be a JSON object for WasmPlugin"],
    [["--for", "trafficextension", ...IMAGE, "--config", "text.txt"], "--config must be JSON for TrafficExtension"],
    [
      ["--for", "wasmplugin", ...FILE, "--pull-secret", "a"],
      "--pull-secret is a login to a registry, and there is no --image",
    ],
    [["--for", "wasmplugin", ...FILE, "--sha256", DIGEST], "--sha256 is for what is fetched"],
    [
      ["--for", "wasmplugin", "--image", `r.io/a@sha256:${DIGEST}`, "--sha256", "0".repeat(64)],
      "--sha256 differs from the digest",
    ],
    [
      ["--for", "envoyfilter", ...IMAGE, "--phase", "AUTHN"],
      "--phase has no place in EnvoyFilter: the filter comes right before",
    ],
    [["--for", "envoyfilter", ...IMAGE, "--priority", "1"], "--priority has no place in EnvoyFilter"],
    [["--for", "envoyfilter", ...IMAGE, "--pull-secret", "a"], "--pull-secret has no place in EnvoyFilter"],
    [["--for", "envoyfilter", ...IMAGE, "--pull-policy", "Always"], "--pull-policy has no place in EnvoyFilter"],
    [["--for", "envoyfilter", ...IMAGE, "--type", "network"], "--type network has no place in EnvoyFilter"],
    [["--for", "envoy-gateway", ...IMAGE], "--target-ref is missing: EnvoyExtensionPolicy is for Gateways or routes"],
    [[...GATEWAY, "--selector", "a=b"], "--selector has no place in EnvoyExtensionPolicy"],
    [[...GATEWAY, "--phase", "AUTHN"], "--phase has no place in EnvoyExtensionPolicy"],
    [[...GATEWAY, "--priority", "1"], "--priority has no place in EnvoyExtensionPolicy"],
    [[...GATEWAY, "--match", "SERVER"], "--match has no place in EnvoyExtensionPolicy"],
    [[...GATEWAY, "--type", "network"], "--type network has no place in EnvoyExtensionPolicy"],
    [
      [...GATEWAY, "--env", "A=1"],
      "--env A=... has no place in EnvoyExtensionPolicy: it takes variables of the proxy's own",
    ],
    [
      [...GATEWAY, "--fail-strategy", "FAIL_RELOAD"],
      "--fail-strategy FAIL_RELOAD has no place in EnvoyExtensionPolicy",
    ],
    [["--for", "envoy-gateway", ...FILE, "--target-ref", "Gateway/a"], "--file has no place in EnvoyExtensionPolicy"],
    [
      ["--for", "envoy", ...IMAGE],
      `--image has no place in an envoy.yaml: Envoy reads the module from a file: bring it there ("oras pull"`,
    ],
    [["--for", "envoy", "--url", "http://a/b.wasm"], "--url has no place in an envoy.yaml"],
    [
      ["--for", "envoy", ...FILE, "--namespace", "a"],
      "--namespace has no place in an envoy.yaml: a plain Envoy knows no cluster",
    ],
    [["--for", "envoy", ...FILE, "--match", "SERVER"], "--match has no place in an envoy.yaml"],
    [["--for", "wasmplugin", ...IMAGE, "--upstream", "http://a"], "--upstream has no place in --for wasmplugin"],
    [["--for", "wasmplugin", "--image", "jump:v1"], `"jump:v1" is no name of an image: it has no registry`],
    [["--for", "wasmplugin", ...IMAGE, "--config", "bad.json"], "the plugin configuration is no JSON"],
    [
      ["--for", "wasmplugin", ...IMAGE, "--config", "none.json"],
      "none.json: no such file or directory. Name the file of the plugin",
    ],
  ])("%j", async (args, message) => {
    const { status, stdout, stderr } = await run(args);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("internal error");
  });
});

describe("wrong usage", () => {
  const PLUGIN_OF = ["--for", "wasmplugin", ...IMAGE];
  test.each([
    [[], "manifest needs --for KIND: wasmplugin, trafficextension, envoyfilter, envoy-gateway, envoy"],
    [
      ["--for", "nginx", ...IMAGE],
      `--for must be wasmplugin, trafficextension, envoyfilter, envoy-gateway or envoy, not "nginx"`,
    ],
    [["--for", "wasmplugin"], "manifest needs the module: --image, --url or --file"],
    [[...PLUGIN_OF, "--file", "/a"], "--image, --url and --file exclude each other"],
    [[...PLUGIN_OF, "a.wasm"], "manifest takes options only, not a.wasm"],
    [
      ["--for", "wasmplugin", "--file", "a.wasm"],
      `--file must be an absolute path, where the proxy finds the module, not "a.wasm"`,
    ],
    [["--for", "wasmplugin", "--url", "ftp://a/b"], "--url must be the URL of a module"],
    [[...PLUGIN_OF, "--name", "Jump"], `--name must be small letters, digits, "-" and "."`],
    [[...PLUGIN_OF, "--sha256", "123"], `--sha256 must be 64 hexadecimal digits, not "123"`],
    [[...PLUGIN_OF, "--selector", "app"], `--selector must be a label KEY=VALUE, such as app=shop, not "app"`],
    [[...PLUGIN_OF, "--selector", "app=*"], "--selector must be a label KEY=VALUE"],
    [[...PLUGIN_OF, "--target-ref", "edge"], "--target-ref must be KIND/NAME, such as Gateway/shop"],
    [[...PLUGIN_OF, "--target-ref", "Odd/one"], "--target-ref Odd/one: the group of Odd is not known here"],
    [
      [...PLUGIN_OF, "--match", "INBOUND"],
      `--match must be CLIENT, SERVER, CLIENT_AND_SERVER, or one of these with a port`,
    ],
    [[...PLUGIN_OF, "--match", "SERVER:70000"], "--match must be CLIENT"],
    [[...PLUGIN_OF, "--phase", "FIRST"], `--phase must be AUTHN, AUTHZ or STATS, not "FIRST"`],
    [[...PLUGIN_OF, "--priority", "1.5"], "--priority must be an integer of 32 bits"],
    [[...PLUGIN_OF, "--fail-strategy", "FAIL"], "--fail-strategy must be FAIL_CLOSE, FAIL_OPEN or FAIL_RELOAD"],
    [[...PLUGIN_OF, "--pull-policy", "Never"], "--pull-policy must be IfNotPresent or Always"],
    [[...PLUGIN_OF, "--env", "1=2"], "--env must be NAME=VALUE"],
    [[...PLUGIN_OF, "--type", "tcp"], "--type must be http or network"],
  ])("%j", async (args, message) => {
    const { status, stdout, stderr } = await run(args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`proxy-wasm-ts: ${message}`);
  });
});
