import { percent_encode } from "./hostcalls.ts";
import { invalid, parseHost, unsupported } from "./url-host.ts";
import { linkSearchParams, replaceSearchParams } from "./url-search-params.ts";
import type { URLSearchParams } from "./url-search-params.ts";

/** The percent-encode sets of the URL Standard, but for what is in all of them. */
const FRAGMENT = ' "<>`';
const QUERY = " \"#<>'";
const PATH = ' "#<>?^`{}';
const USERINFO = `${PATH}/:;=@[\\]|`;

const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: "80", https: "443", ws: "80", wss: "443" };

/** What a URL is made of, encoded. */
interface Parts {
  readonly scheme: string;
  readonly username: string;
  readonly password: string;
  readonly hostname: string;
  readonly port: string;
  path: readonly string[];
  /** Without "?"; undefined: there is none. */
  query: string | undefined;
  fragment: string | undefined;
}

/**
 * The Web's `URL`, for the schemes http, https, ws and wss. It is a global variable, too.
 *
 * What it takes has the same parts as everywhere else. Other schemes, and hosts with other characters than ASCII or with punycode,
 * are a TypeError that says so: they need Unicode's tables. `href`, `pathname`, `search` and `hash` can be set, and the other
 * parts not.
 *
 * @throws TypeError when it is no URL
 *
 * @example
 * ```ts
 * const origin = new URL(request.headers.get("referer") ?? "http://none").origin;
 * ```
 */
export class URL {
  #parts: Parts;
  #params: URLSearchParams | undefined;

  constructor(url: string | URL, base?: string | URL) {
    this.#parts = parse(String(url), base === undefined ? undefined : parse(String(base), undefined));
  }

  static canParse(url: string | URL, base?: string | URL): boolean {
    return URL.parse(url, base) !== null;
  }

  /** Null: it is no URL, or one that is not supported. */
  static parse(url: string | URL, base?: string | URL): URL | null {
    try {
      return new URL(url, base);
    } catch (error) {
      if (error instanceof TypeError) {
        return null;
      }
      throw error;
    }
  }

  get href(): string {
    const { username, password, path, query, fragment } = this.#parts;
    const credentials = username === "" && password === "" ? "" : `${username}${password && `:${password}`}@`;
    const rest = (query === undefined ? "" : `?${query}`) + (fragment === undefined ? "" : `#${fragment}`);
    return `${this.protocol}//${credentials}${this.host}/${path.join("/")}${rest}`;
  }

  set href(value: string) {
    this.#parts = parse(value, undefined);
    this.#updateParams();
  }

  get origin(): string {
    return `${this.protocol}//${this.host}`;
  }

  /** With a colon, such as "https:". */
  get protocol(): string {
    return `${this.#parts.scheme}:`;
  }

  get username(): string {
    return this.#parts.username;
  }

  get password(): string {
    return this.#parts.password;
  }

  /** The host name, and the port when it is not the scheme's own. */
  get host(): string {
    const { hostname, port } = this.#parts;
    return port === "" ? hostname : `${hostname}:${port}`;
  }

  get hostname(): string {
    return this.#parts.hostname;
  }

  /** "" for the scheme's own. */
  get port(): string {
    return this.#parts.port;
  }

  get pathname(): string {
    return `/${this.#parts.path.join("/")}`;
  }

  set pathname(value: string) {
    this.#parts.path = parsePath(withoutBreaks(value), []);
  }

  /** With "?"; "" when it is empty. */
  get search(): string {
    const { query = "" } = this.#parts;
    return query && `?${query}`;
  }

  set search(value: string) {
    const text = withoutBreaks(value);
    const query = text.startsWith("?") ? text.slice(1) : text;
    this.#parts.query = value === "" ? undefined : percent_encode(query, QUERY);
    this.#updateParams();
  }

  /** With "#"; "" when it is empty. */
  get hash(): string {
    const { fragment = "" } = this.#parts;
    return fragment && `#${fragment}`;
  }

  set hash(value: string) {
    const text = withoutBreaks(value);
    const fragment = text.startsWith("#") ? text.slice(1) : text;
    this.#parts.fragment = value === "" ? undefined : percent_encode(fragment, FRAGMENT);
  }

  /** The query's parameters; to change them changes the URL. */
  get searchParams(): URLSearchParams {
    this.#params ??= linkSearchParams(this.#parts.query ?? "", () => {
      const text = this.#params?.toString();
      this.#parts.query = text === "" ? undefined : text;
    });
    return this.#params;
  }

  toString(): string {
    return this.href;
  }

  toJSON(): string {
    return this.href;
  }

  #updateParams(): void {
    if (this.#params !== undefined) {
      replaceSearchParams(this.#params, this.#parts.query ?? "");
    }
  }
}

/** What the standard takes out of any URL. */
function withoutBreaks(text: string): string {
  return text.replaceAll("\t", "").replaceAll("\n", "").replaceAll("\r", "");
}

function withoutSpaceAround(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && text.charCodeAt(start) <= 0x20) {
    start++;
  }
  while (end > start && text.charCodeAt(end - 1) <= 0x20) {
    end--;
  }
  return text.slice(start, end);
}

function isLetter(code: number): boolean {
  return (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
}

/** Where the colon after a scheme is, or -1. */
function schemeEnd(text: string): number {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const isMore = (code >= 0x30 && code <= 0x39) || code === 0x2b || code === 0x2d || code === 0x2e;
    if (!isLetter(code) && (at === 0 || !isMore)) {
      return at > 0 && code === 0x3a ? at : -1;
    }
  }
  return -1;
}

function isSlash(character: string | undefined): boolean {
  return character === "/" || character === "\\";
}

/** Where the first of these characters is, or the end. */
function findAny(text: string, characters: string): number {
  let end = text.length;
  for (const character of characters) {
    const at = text.indexOf(character);
    end = at < 0 ? end : Math.min(at, end);
  }
  return end;
}

function parse(url: string, base: Parts | undefined): Parts {
  const text = withoutBreaks(withoutSpaceAround(url));
  const colon = schemeEnd(text);
  if (colon < 0) {
    if (base === undefined) {
      throw invalid("it has no scheme, and there is no base");
    }
    return parseRelative(text, base);
  }
  const scheme = text.slice(0, colon).toLowerCase();
  if (!Object.hasOwn(DEFAULT_PORTS, scheme)) {
    throw unsupported(`the scheme ${scheme}: is`);
  }
  const rest = text.slice(colon + 1);
  const isRelative = base?.scheme === scheme && !rest.startsWith("//");
  return isRelative ? parseRelative(rest, base) : parseAuthority(scheme, rest);
}

function parseRelative(text: string, base: Parts): Parts {
  if (isSlash(text[0])) {
    return isSlash(text[1]) ? parseAuthority(base.scheme, text) : { ...base, ...parseRest(text, []) };
  }
  const rest = parseRest(text, base.path.slice(0, -1));
  if (findAny(text, "?#") > 0) {
    return { ...base, ...rest };
  }
  return { ...base, query: text.startsWith("?") ? rest.query : base.query, fragment: rest.fragment };
}

function parseAuthority(scheme: string, text: string): Parts {
  let start = 0;
  while (isSlash(text[start])) {
    start++;
  }
  const rest = text.slice(start);
  const end = findAny(rest, "/\\?#");
  const authority = rest.slice(0, end);
  const at = authority.lastIndexOf("@");
  const credentials = authority.slice(0, Math.max(at, 0));
  const colon = credentials.indexOf(":");
  const [hostname, port] = parseHostAndPort(scheme, authority.slice(at + 1));
  return {
    scheme,
    username: percent_encode(colon < 0 ? credentials : credentials.slice(0, colon), USERINFO),
    password: colon < 0 ? "" : percent_encode(credentials.slice(colon + 1), USERINFO),
    hostname,
    port,
    ...parseRest(rest.slice(end), []),
  };
}

function parseHostAndPort(scheme: string, text: string): [hostname: string, port: string] {
  const bracket = text.lastIndexOf("]");
  const colon = text.indexOf(":", text.startsWith("[") ? Math.max(bracket, 0) : 0);
  const host = colon < 0 ? text : text.slice(0, colon);
  const port = colon < 0 ? "" : text.slice(colon + 1);
  if (host === "") {
    throw invalid("it has no host");
  }
  const hostname = parseHost(host);
  for (const digit of port) {
    if (digit < "0" || digit > "9") {
      throw invalid("a port is a number");
    }
  }
  const number = Number(port);
  if (number > 65_535) {
    throw invalid("a port is at most 65535");
  }
  return [hostname, port === "" || String(number) === DEFAULT_PORTS[scheme] ? "" : String(number)];
}

/** Path, query and fragment. */
function parseRest(text: string, before: readonly string[]): Pick<Parts, "path" | "query" | "fragment"> {
  const hash = text.indexOf("#");
  const end = hash < 0 ? text.length : hash;
  const mark = text.slice(0, end).indexOf("?");
  return {
    path: parsePath(text.slice(0, mark < 0 ? end : mark), before),
    query: mark < 0 ? undefined : percent_encode(text.slice(mark + 1, end), QUERY),
    fragment: hash < 0 ? undefined : percent_encode(text.slice(hash + 1), FRAGMENT),
  };
}

/** @param before - segments that a relative path goes on from */
function parsePath(text: string, before: readonly string[]): string[] {
  const path = [...before];
  const segments = (isSlash(text[0]) ? text.slice(1) : text).replaceAll("\\", "/").split("/");
  for (const [at, segment] of segments.entries()) {
    const dots = segment.length > 6 ? "" : segment.toLowerCase().replaceAll("%2e", ".");
    if (dots === "..") {
      path.pop();
    }
    if (dots !== ".." && dots !== ".") {
      path.push(percent_encode(segment, PATH));
    } else if (at === segments.length - 1) {
      path.push("");
    }
  }
  return path;
}
