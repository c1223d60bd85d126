/** The plugin configuration of the jump filter. Each field may be left out. */
export interface JumpConfig {
  /** The cluster that is called. Default: "back-python". */
  readonly cluster: string;
  /** `:authority` of the call. Default: the cluster's name; of a mesh's `outbound|PORT||HOST`, the host. */
  readonly authority: string;
  /** Path and query of the call. Default: the request's. */
  readonly path: string | undefined;
  /** Method of the call. Default: the request's. */
  readonly method: string | undefined;
  /** Whether the call is made before the request goes on, or before the response does. Default: "request". */
  readonly phase: "request" | "response";
  /** How long the call may take. Default: 5000. */
  readonly timeoutMs: number;
  /** What happens when the call fails or is not answered with 2xx; "deny" answers 503. Default: "continue". */
  readonly onFailure: "continue" | "deny";
  /** Only requests whose path starts with this are looked at. Default: "", all. */
  readonly match: string;
  /** Names of the request's headers that the call carries too; a `*` at the end stands for any rest. Default: tracing headers. */
  readonly forwardHeaders: readonly string[];
  /** A response header that tells the client the call's status, or why it failed. Default: none. */
  readonly responseHeader: string | undefined;
}

const TRACING_HEADERS = ["x-request-id", "x-b3-*", "traceparent", "tracestate"];

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const METHOD = /^[A-Z][A-Z-]*$/;

/** Reads one field at a time, and says in each refusal which one it is. */
class Fields {
  readonly #json: Readonly<Record<string, unknown>>;
  readonly #read: string[] = [];

  constructor(json: unknown) {
    if (typeof json !== "object" || json === null || Array.isArray(json)) {
      throw new Error(`it must be a JSON object, for example {"cluster": "back-python"}, not ${JSON.stringify(json)}`);
    }
    this.#json = json as Readonly<Record<string, unknown>>;
  }

  /** @throws Error when `accepts` does not take the value; `expected` says what would be right */
  read<T>(name: keyof JumpConfig, fallback: T, expected: string, accepts: (value: unknown) => value is T): T {
    this.#read.push(name);
    const value = this.#json[name];
    if (value === undefined) {
      return fallback;
    }
    if (!accepts(value)) {
      throw new Error(`${name} must be ${expected}, not ${JSON.stringify(value)}`);
    }
    return value;
  }

  /** @throws Error when there is a field that nobody has read */
  refuseOthers(): void {
    for (const name of Object.keys(this.#json)) {
      if (!this.#read.includes(name)) {
        throw new Error(`unknown field ${JSON.stringify(name)}; there are ${this.#read.join(", ")}`);
      }
    }
  }
}

function text(accepts: (value: string) => boolean): (value: unknown) => value is string {
  return (value): value is string => typeof value === "string" && accepts(value);
}

function oneOf<T extends string>(...choices: T[]): (value: unknown) => value is T {
  return (value): value is T => (choices as unknown[]).includes(value);
}

const isVisible = text((value) => /^[\x21-\x7e]+$/.test(value));
const isPath = text((value) => /^\/[\x21-\x7e]*$/.test(value));
const isPathPrefix = text((value) => value === "" || isPath(value));
const isHeaderName = text((value) => HEADER_NAME.test(value));
const isMethod = text((value) => METHOD.test(value));

function isTimeout(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 0x7fffffff;
}

function isHeaderNameList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isHeaderName);
}

/**
 * @param json - the parsed plugin configuration; undefined: empty
 * @throws Error that names the field and what it must be
 */
export function readJumpConfig(json: unknown): JumpConfig {
  const fields = new Fields(json ?? {});
  const cluster = fields.read("cluster", "back-python", "the name of a cluster", isVisible);
  const config: JumpConfig = {
    cluster,
    authority: fields.read("authority", cluster.slice(cluster.lastIndexOf("|") + 1), "a host, or host:port", isVisible),
    path: fields.read("path", undefined, 'a path that starts with "/"', isPath),
    method: fields.read("method", undefined, "an HTTP method in capitals", isMethod),
    phase: fields.read("phase", "request", '"request" or "response"', oneOf("request", "response")),
    timeoutMs: fields.read("timeoutMs", 5000, "an integer from 1 to 2147483647", isTimeout),
    onFailure: fields.read("onFailure", "continue", '"continue" or "deny"', oneOf("continue", "deny")),
    match: fields.read("match", "", 'a path prefix that starts with "/"', isPathPrefix),
    forwardHeaders: fields.read("forwardHeaders", TRACING_HEADERS, "a list of header names", isHeaderNameList),
    responseHeader: fields.read("responseHeader", undefined, "a header name", isHeaderName),
  };
  fields.refuseOthers();
  return config;
}
