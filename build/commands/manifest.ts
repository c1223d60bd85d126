import { resolve } from "node:path";
import { parseArgs } from "node:util";

import { refusal, refuseParts } from "../manifest/refuse.ts";
import { envoyYaml } from "../envoy/yaml.ts";
import { manifestText } from "../manifest/text.ts";
import type { ManifestRequest } from "../manifest/request.ts";
import { readPluginConfig } from "../plugin-config.ts";
import { UsageError } from "./command.ts";
import type { Command } from "./command.ts";
import {
  nameOf,
  readChoice,
  readMatch,
  readName,
  readPriority,
  readSelector,
  readSha256,
  readSource,
  readTargetRef,
  readVariable,
} from "./manifest-options.ts";
import { readOrigin } from "./services.ts";

const HELP = `Usage: proxy-wasm-ts manifest --for KIND --image IMAGE [options]

Prints the YAML that brings a plugin into a mesh, a gateway or a proxy. An option that the kind has no words for is an error.

  --for wasmplugin         Istio, OpenShift Service Mesh: WasmPlugin
  --for trafficextension   Istio 1.30 and newer: TrafficExtension
  --for envoyfilter        Istio: EnvoyFilter, for what the two above cannot say
  --for envoy-gateway      Envoy Gateway: EnvoyExtensionPolicy
  --for envoy              a plain Envoy: a complete envoy.yaml with one listener; envoy-config has more options for that

The module, one of:
      --image IMAGE        oci://HOST/NAME:TAG or oci://HOST/NAME@sha256:DIGEST, as proxy-wasm-ts push prints it
      --url URL            of the module on a web server
      --file PATH          in the proxy's own file system

What there is of it:
      --name NAME          default: that of the image or file
  -n, --namespace NAME     default: none, which is the one that kubectl is set to
      --sha256 HEX         checksum: of the module, or of an image's manifest, which is the digest
      --config FILE.json   the plugin configuration
      --root-id ID         chooses the filter in a module of several
      --env NAME[=VALUE]   a variable for the plugin; without a value that of the proxy; for each one
      --type TYPE          http (default) or network
      --pull-policy POLICY IfNotPresent or Always; default: Always for the tag "latest", IfNotPresent for others
      --pull-secret NAME   the Secret with the login to the registry (type kubernetes.io/dockerconfigjson)

Where it is, and when it runs:
      --selector KEY=VALUE labels of the workloads; for each one
      --target-ref REF     in the place of labels: KIND/NAME or GROUP/KIND/NAME, such as Gateway/shop; for each one
      --match MODE[:PORT]  SERVER (connections to the workload), CLIENT (from it, or through a gateway) or CLIENT_AND_SERVER; for each one
      --phase PHASE        AUTHN, AUTHZ or STATS: before Istio's filters of this name; default: after them, before the router
      --priority N         order in a phase, higher ones first
      --fail-strategy HOW  when the module has failed or cannot be fetched: FAIL_CLOSE (default: requests are answered with an error),
                           FAIL_OPEN (they go on without it) or FAIL_RELOAD (it is loaded anew)
      --upstream URL       --for envoy: where requests go; default: http://127.0.0.1:8080
  -h, --help               show this

Exit status: 0 printed, 1 the kind cannot say it or a file cannot be read, 2 wrong usage`;

const OPTIONS = {
  for: { type: "string" },
  image: { type: "string" },
  url: { type: "string" },
  file: { type: "string" },
  name: { type: "string" },
  namespace: { type: "string", short: "n" },
  sha256: { type: "string" },
  config: { type: "string" },
  "root-id": { type: "string" },
  env: { type: "string", multiple: true, default: [] as string[] },
  type: { type: "string", default: "http" },
  "pull-policy": { type: "string" },
  "pull-secret": { type: "string" },
  selector: { type: "string", multiple: true, default: [] as string[] },
  "target-ref": { type: "string", multiple: true, default: [] as string[] },
  match: { type: "string", multiple: true, default: [] as string[] },
  phase: { type: "string" },
  priority: { type: "string" },
  "fail-strategy": { type: "string" },
  upstream: { type: "string" },
} as const;

const KINDS = ["wasmplugin", "trafficextension", "envoyfilter", "envoy-gateway", "envoy"] as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

export const manifestCommand: Command = {
  help: HELP,
  run: async (args, print) => {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    const [surplus] = positionals;
    if (surplus !== undefined) {
      throw new UsageError(`manifest takes options only, not ${surplus}; the module is --image, --url or --file`);
    }
    if (values.for === undefined) {
      throw new UsageError(`manifest needs --for KIND: ${KINDS.join(", ")}`);
    }
    const kind = readChoice("--for", KINDS, values.for);
    const upstream = readOrigin("--upstream", values.upstream ?? "http://127.0.0.1:8080");
    if (values.upstream !== undefined && kind !== "envoy") {
      throw refusal(
        `--for ${kind}`,
        "--upstream",
        "the routes of the mesh or gateway say where requests go. Leave it out.",
      );
    }
    const request = await readRequest(values);
    print.out(kind === "envoy" ? plainEnvoy(request, upstream) : manifestText(kind, request));
  },
};

async function readRequest(values: Values): Promise<ManifestRequest> {
  const source = readSource(values.image, values.url, values.file);
  const optional = <T>(value: string | undefined, read: (text: string) => T) =>
    value === undefined ? undefined : read(value);
  return {
    source,
    name: readName("--name", values.name ?? nameOf(source)),
    namespace: optional(values.namespace, (text) => readName("--namespace", text)),
    sha256: readSha256(values.sha256, source),
    selector: readSelector(values.selector),
    targetRefs: values["target-ref"].map(readTargetRef),
    phase: optional(values.phase, (text) => readChoice("--phase", ["AUTHN", "AUTHZ", "STATS"], text)),
    priority: optional(values.priority, readPriority),
    match: values.match.map(readMatch),
    failStrategy: optional(values["fail-strategy"], (text) =>
      readChoice("--fail-strategy", ["FAIL_CLOSE", "FAIL_OPEN", "FAIL_RELOAD"], text),
    ),
    pullPolicy: optional(values["pull-policy"], (text) =>
      readChoice("--pull-policy", ["IfNotPresent", "Always"], text),
    ),
    pullSecret: optional(values["pull-secret"], (text) => readName("--pull-secret", text)),
    environment: values.env.map(readVariable),
    rootId: values["root-id"],
    type: readChoice("--type", ["http", "network"], values.type),
    config: values.config === undefined ? undefined : await readPluginConfig(resolve(values.config)),
  };
}

const NO_CLUSTER = "a plain Envoy knows no cluster. Leave it out.";

/** A complete configuration. @throws CommandError */
function plainEnvoy(request: ManifestRequest, upstream: string): string {
  const { source, name, rootId, config, environment, failStrategy, type } = request;
  const kind = "an envoy.yaml";
  if (source.from !== "file") {
    const option = source.from === "image" ? "--image" : "--url";
    const how =
      source.from === "image" ? 'bring it there ("oras pull" of an image of the format artifact)' : "download it";
    throw refusal(kind, option, `Envoy reads the module from a file: ${how}, and name it with --file PATH.`);
  }
  refuseParts(kind, request, {
    namespace: NO_CLUSTER,
    selector: NO_CLUSTER,
    targetRefs: NO_CLUSTER,
    phase: "the filter is the only one before the router. Leave it out.",
    priority: "the filter is the only one before the router. Leave it out.",
    match: "there is one listener. Leave it out.",
    pullPolicy: "Envoy reads the module from a file. Leave it out.",
    pullSecret: "Envoy reads the module from a file. Leave it out.",
  });
  const given = environment.flatMap(({ name: key, value }) => (value === undefined ? [] : [[key, value] as const]));
  const ofHost = environment.flatMap(({ name: key, value }) => (value === undefined ? [key] : []));
  const policy = failStrategy === "FAIL_CLOSE" ? undefined : failStrategy;
  return envoyYaml({
    upstream,
    wasm: source.path,
    kind: type,
    name,
    vmId: name,
    port: 10000,
    ...(rootId === undefined ? {} : { rootId }),
    ...(config === undefined ? {} : { config }),
    ...(policy === undefined ? {} : { failurePolicy: policy }),
    ...(given.length === 0 ? {} : { environment: Object.fromEntries(given) }),
    ...(ofHost.length === 0 ? {} : { hostEnvironment: ofHost }),
  });
}
