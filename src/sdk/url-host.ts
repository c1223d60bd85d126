/** @internal A URL that cannot be, and one that this SDK does not take. */
export function invalid(what: string): TypeError {
  return new TypeError(`Invalid URL: ${what}`);
}

function unsupported(what: string): TypeError {
  return new TypeError(`URL: ${what} not supported`);
}

/** @internal */
export { unsupported };

/** Those that no domain has, beside control characters. */
const FORBIDDEN = " #%/:<>?@[\\]^|";

/**
 * @internal The host parser of the URL Standard, for special schemes.
 *
 * @throws TypeError when it is no host, or one that only Unicode's tables can tell about
 */
export function parseHost(text: string): string {
  if (text.startsWith("[")) {
    if (!text.endsWith("]")) {
      throw invalid("a bracket is open");
    }
    return `[${serializeIpv6(parseIpv6(text.slice(1, -1)))}]`;
  }
  const host = decode(text).toLowerCase();
  for (const character of host) {
    const code = character.charCodeAt(0);
    if (code > 0x7f) {
      throw unsupported("a host with other characters than ASCII is");
    }
    if (code < 0x20 || code === 0x7f || FORBIDDEN.includes(character)) {
      throw invalid("a character that no host has");
    }
  }
  const labels = host.split(".");
  if (labels.some((label) => label.startsWith("xn--"))) {
    throw unsupported("a host with a label in punycode is");
  }
  if (labels.length > 1 && labels.at(-1) === "") {
    labels.pop();
  }
  const last = labels.at(-1) ?? "";
  return (last !== "" && isDigits(last, 10)) || !Number.isNaN(parseIpv4Number(last)) ? parseIpv4(labels) : host;
}

function decode(text: string): string {
  if (!text.includes("%")) {
    return text;
  }
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid("a host with a wrong percent-encoding");
  }
}

function isDigits(text: string, radix: number): boolean {
  for (const character of text) {
    const code = character.toLowerCase().charCodeAt(0);
    const value = code >= 0x61 ? code - 0x61 + 10 : code - 0x30;
    if (value < 0 || value >= radix || (code > 0x39 && code < 0x61)) {
      return false;
    }
  }
  return true;
}

/** NaN: it is none. */
function parseIpv4Number(text: string): number {
  if (text === "") {
    return NaN;
  }
  const isHex = text.startsWith("0x");
  const digits = isHex ? text.slice(2) : text;
  const radix = isHex ? 16 : digits.length > 1 && digits.startsWith("0") ? 8 : 10;
  if (!isDigits(digits, radix)) {
    return NaN;
  }
  return digits === "" ? 0 : parseInt(digits, radix);
}

function parseIpv4(parts: readonly string[]): string {
  const numbers = parts.map(parseIpv4Number);
  const last = numbers.at(-1) ?? NaN;
  const others = numbers.slice(0, -1);
  if (parts.length > 4 || others.some((number) => !(number <= 255)) || !(last < 256 ** (5 - parts.length))) {
    throw invalid("a wrong IPv4 address");
  }
  const address = others.reduce((sum, number, at) => sum + number * 256 ** (3 - at), last);
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

const WRONG_IPV6 = "a wrong IPv6 address";

function parseIpv6(text: string): number[] {
  const halves = text.split("::");
  if (halves.length > 2) {
    throw invalid(WRONG_IPV6);
  }
  const [head = [], tail] = halves.map((half, at) => pieces(half, at === halves.length - 1));
  if (tail === undefined) {
    if (head.length !== 8) {
      throw invalid(WRONG_IPV6);
    }
    return head;
  }
  const missing = 8 - head.length - tail.length;
  if (missing < 1) {
    throw invalid(WRONG_IPV6);
  }
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

function pieces(text: string, mayHaveIpv4: boolean): number[] {
  if (text === "") {
    return [];
  }
  const parts = text.split(":");
  return parts.flatMap((part, at) => {
    if (mayHaveIpv4 && at === parts.length - 1 && part.includes(".")) {
      return ipv4Pieces(part);
    }
    if (part === "" || part.length > 4 || !isDigits(part, 16)) {
      throw invalid(WRONG_IPV6);
    }
    return [parseInt(part, 16)];
  });
}

function ipv4Pieces(text: string): number[] {
  const numbers = text.split(".").map((part) => {
    const isNumber = part !== "" && part.length < 4 && isDigits(part, 10) && (part === "0" || !part.startsWith("0"));
    return isNumber ? Number(part) : 256;
  });
  const [a = 256, b = 256, c = 256, d = 256] = numbers;
  if (numbers.length !== 4 || numbers.some((number) => number > 255)) {
    throw invalid(WRONG_IPV6);
  }
  return [a * 256 + b, c * 256 + d];
}

/** The first of the longest runs of zeros, of two at least, is "::". */
function serializeIpv6(address: readonly number[]): string {
  let [start, length] = [-1, 1];
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (address[end] === 0) {
      end++;
    }
    if (end - at > length) {
      [start, length] = [at, end - at];
    }
  }
  const text = (from: number, to?: number) =>
    address
      .slice(from, to)
      .map((piece) => piece.toString(16))
      .join(":");
  return start < 0 ? text(0) : `${text(0, start)}::${text(start + length)}`;
}
