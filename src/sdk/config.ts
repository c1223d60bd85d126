import { BufferType } from "../abi/index.ts";
import { ConfigError } from "./errors.ts";
import { proxy_get_buffer_bytes } from "./hostcalls.ts";

/** The part of the Standard Schema interface (standardschema.dev) that is used here; zod, valibot and arktype implement it. */
export interface StandardSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
      }[];
    };

/** Reads a configuration that is no JSON; see {@link textConfig} and {@link bytesConfig}. */
export interface RawReader<Config> {
  /** @internal */
  readonly readRaw: (text: string) => Config;
}

/**
 * How a filter reads its configuration: a function of the parsed JSON that throws what it refuses, a schema,
 * {@link textConfig} or {@link bytesConfig}.
 */
export type ConfigReader<Config> = ((json: unknown) => Config) | StandardSchema<Config> | RawReader<Config>;

/**
 * Reads a configuration that is no JSON.
 *
 * @example
 * ```ts
 * config: textConfig((text) => text.split("\n")),
 * ```
 */
export function textConfig<Config>(read: (text: string) => Config): RawReader<Config> {
  return { readRaw: read };
}

/** Reads a configuration that is no text: the host's bytes as they are. */
export function bytesConfig<Config>(read: (bytes: Uint8Array) => Config): RawReader<Config> {
  return { readRaw: () => read(proxy_get_buffer_bytes(BufferType.PluginConfiguration, 0, 2 ** 31 - 1)) };
}

/**
 * What reads a plugin's configurations. An empty one is `undefined`, so that a function can have defaults for everything. A
 * function for each kind of reader: a module holds the code of the one that its filter has.
 *
 * @internal
 * @throws (when it is called) ConfigError what is wrong with it; or what the filter's own function throws
 */
export function configReader<Config>(reader: ConfigReader<Config> | undefined): (text: string) => Config | undefined {
  if (reader === undefined) {
    return () => undefined;
  }
  if ("readRaw" in reader) {
    return (text) => reader.readRaw(text);
  }
  if (typeof reader === "function") {
    return (text) => reader(parse(text));
  }
  return (text) => validate(parse(text), reader);
}

function parse(text: string): unknown {
  if (text.trim() === "") {
    return undefined;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    // Its message quotes the text, which may hold secrets.
    throw new ConfigError(`it is not JSON${placeOf(error)}`, { cause: error });
  }
}

/** Where the engine, or Node, found the mistake. */
function placeOf(error: unknown): string {
  const { message, stack = "" } = error as Error;
  const place = numbersAfter(stack, "<input>:", ":") ?? numbersAfter(message, "line ", " column ");
  return place === undefined ? "" : `: a mistake in line ${place[0]}, column ${place[1]}`;
}

/** Two numbers with a text before each. Without a regular expression: it would be the only one of most modules. */
function numbersAfter(text: string, before: string, between: string): [string, string] | undefined {
  const start = text.indexOf(before);
  const first = digitsAt(text, start + before.length);
  const next = start + before.length + first.length;
  const second = text.startsWith(between, next) ? digitsAt(text, next + between.length) : "";
  return start === -1 || first === "" || second === "" ? undefined : [first, second];
}

function digitsAt(text: string, start: number): string {
  let end = start;
  while (end < text.length && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) {
    end++;
  }
  return text.slice(start, end);
}

function validate<Config>(json: unknown, schema: StandardSchema<Config>): Config {
  const result = schema["~standard"].validate(json);
  if (result instanceof Promise) {
    throw new ConfigError("its schema is asynchronous; the host wants to know at once whether it is valid");
  }
  if (result.issues) {
    throw new ConfigError(
      result.issues.map(({ message, path }) => (path?.length ? `${pathText(path)}: ${message}` : message)).join("; "),
    );
  }
  return result.value;
}

function pathText(path: readonly (PropertyKey | { readonly key: PropertyKey })[]): string {
  return path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
}
