/** Reads the options of `manifest`. */

import { CommandError } from "../errors.ts";
import { parseReference } from "../image/reference.ts";
import type { Match, MatchMode, ModuleSource, TargetRef, Variable } from "../manifest/request.ts";
import { UsageError } from "./command.ts";

const quote = (text: string) => JSON.stringify(text);

/** @throws UsageError when the text is none of the choices */
export function readChoice<const T extends string>(option: string, choices: readonly T[], text: string): T {
  const choice = choices.find((known) => known === text);
  if (choice === undefined) {
    throw new UsageError(
      `${option} must be ${choices.slice(0, -1).join(", ")} or ${choices.at(-1) ?? ""}, not ${quote(text)}`,
    );
  }
  return choice;
}

/** @throws UsageError @throws CommandError when the image's name is none */
export function readSource(image: string | undefined, url: string | undefined, file: string | undefined): ModuleSource {
  const given = [image, url, file].filter((value) => value !== undefined);
  if (given.length !== 1) {
    throw new UsageError(
      given.length === 0
        ? "manifest needs the module: --image, --url or --file"
        : "--image, --url and --file exclude each other: a module is in one place",
    );
  }
  if (image !== undefined) {
    const name = image.replace(/^oci:\/\//, "");
    return { from: "image", reference: parseReference(name), name };
  }
  if (url !== undefined) {
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
      throw new UsageError(`--url must be the URL of a module, https://HOST/PATH, not ${quote(url)}`);
    }
    return { from: "url", url };
  }
  const path = (file ?? "").replace(/^file:\/\//, "");
  if (!path.startsWith("/")) {
    throw new UsageError(`--file must be an absolute path, where the proxy finds the module, not ${quote(path)}`);
  }
  return { from: "file", path };
}

/** @throws UsageError @throws CommandError when the image has another digest */
export function readSha256(text: string | undefined, source: ModuleSource): string | undefined {
  if (text === undefined) {
    return undefined;
  }
  const hex = text.replace(/^sha256:/, "");
  if (!/^[0-9a-f]{64}$/.test(hex)) {
    throw new UsageError(`--sha256 must be 64 hexadecimal digits, not ${quote(text)}`);
  }
  if (source.from === "image" && source.reference.digest !== undefined && source.reference.digest !== `sha256:${hex}`) {
    throw new CommandError(`--sha256 differs from the digest in --image ${source.name}. Leave out --sha256.`);
  }
  if (source.from === "file") {
    throw new CommandError("--sha256 is for what is fetched, and Envoy reads a --file as it is. Leave it out.");
  }
  return hex;
}

const NAME = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/** @throws UsageError when it is no name that Kubernetes takes */
export function readName(option: string, text: string): string {
  if (!NAME.test(text) || text.length > 253) {
    throw new UsageError(
      `${option} must be small letters, digits, "-" and ".", as Kubernetes wants it, not ${quote(text)}`,
    );
  }
  return text;
}

/** The name of the image, or of the module's file, as Kubernetes takes it. */
export function nameOf(source: ModuleSource): string {
  const path =
    source.from === "image"
      ? source.reference.repository
      : source.from === "url"
        ? new URL(source.url).pathname
        : source.path;
  const last = path.slice(path.lastIndexOf("/") + 1).replace(/\.wasm$/, "");
  const name = last
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return name === "" ? "plugin" : name;
}

const LABEL_KEY = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?$/;

/** All `--selector KEY=VALUE[,KEY=VALUE]`. @throws UsageError */
export function readSelector(options: readonly string[]): Record<string, string> | undefined {
  const pairs = options
    .flatMap((option) => option.split(","))
    .map((text) => {
      const at = text.indexOf("=");
      const [key, value] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
      if (!LABEL_KEY.test(key) || !LABEL_VALUE.test(value)) {
        throw new UsageError(`--selector must be a label KEY=VALUE, such as app=shop, not ${quote(text)}`);
      }
      return [key, value] as const;
    });
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}

/** The groups of the kinds that plugins are for. */
const GROUPS: Readonly<Record<string, string>> = {
  Gateway: "gateway.networking.k8s.io",
  GatewayClass: "gateway.networking.k8s.io",
  HTTPRoute: "gateway.networking.k8s.io",
  GRPCRoute: "gateway.networking.k8s.io",
  Service: "",
  ServiceEntry: "networking.istio.io",
};

/** `KIND/NAME` or `GROUP/KIND/NAME`. @throws UsageError */
export function readTargetRef(text: string): TargetRef {
  const parts = text.split("/");
  const [name = "", kind = "", group = GROUPS[kind]] = parts.reverse();
  if (parts.length < 2 || parts.length > 3 || kind === "" || !NAME.test(name)) {
    throw new UsageError(`--target-ref must be KIND/NAME, such as Gateway/shop, not ${quote(text)}`);
  }
  if (group === undefined) {
    throw new UsageError(
      `--target-ref ${text}: the group of ${kind} is not known here. Write GROUP/KIND/NAME; known are ${Object.keys(GROUPS).join(", ")}`,
    );
  }
  return { group, kind, name };
}

const MODES: readonly MatchMode[] = ["CLIENT", "SERVER", "CLIENT_AND_SERVER"];

/** `MODE`, `MODE:PORT` or `PORT`. @throws UsageError */
export function readMatch(text: string): Match {
  const [, mode, port] = /^([A-Z_]+)?:?(\d+)?$/.exec(text) ?? [];
  const number = port === undefined ? undefined : Number(port);
  const known = MODES.find((candidate) => candidate === (mode ?? "CLIENT_AND_SERVER"));
  if (text === "" || known === undefined || number === 0 || (number ?? 1) > 65535) {
    throw new UsageError(
      `--match must be ${MODES.join(", ")}, or one of these with a port, such as SERVER:8080, not ${quote(text)}`,
    );
  }
  return { mode: known, port: number };
}

/** @throws UsageError when it is no 32-bit integer */
export function readPriority(text: string): number {
  const number = Number(text);
  if (!/^-?\d+$/.test(text) || number > 2147483647 || number < -2147483648) {
    throw new UsageError(`--priority must be an integer of 32 bits, higher ones come first, not ${quote(text)}`);
  }
  return number;
}

/** `NAME=VALUE`, or `NAME` for the proxy's own variable. @throws UsageError */
export function readVariable(text: string): Variable {
  const at = text.indexOf("=");
  const name = at < 0 ? text : text.slice(0, at);
  if (!/^[A-Za-z_][\w.-]*$/.test(name)) {
    throw new UsageError(`--env must be NAME=VALUE, or the NAME of a variable of the proxy's own, not ${quote(text)}`);
  }
  return { name, value: at < 0 ? undefined : text.slice(at + 1) };
}
