import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import { buildTestFilter } from "./build.ts";
import { callAll, inNode, withoutMessage } from "./functions.ts";
import type { Outcome } from "./functions.ts";

let host: TestHost;

beforeAll(async () => {
  host = await TestHost.load(await buildTestFilter("functions"));
});

afterAll(async () => {
  await host.close();
});

function partsOf(url: URL): unknown[] {
  const { href, origin, protocol, username, password, host, hostname, port, pathname } = url;
  const parts = [href, origin, protocol, username, password, host, hostname, port, pathname];
  return [...parts, url.search, url.hash, [...url.searchParams], url.toJSON()];
}

const isUnsupported = (outcome: Outcome | undefined) =>
  outcome !== undefined && "error" in outcome && outcome.error.endsWith("not supported");

/** What Node 20 does not encode in a path as the standard now says. */
const withoutCaret = (text: string) => text.replaceAll("^", "");

/** Node's URL gives the same, or ours says that it does not take this one. */
async function compare(cases: readonly (readonly [string, (string | null)?])[]): Promise<number> {
  const given = await callAll(host, "url", cases);
  let supported = 0;
  for (const [at, [url, base]] of cases.entries()) {
    const expected = inNode(() => partsOf(new URL(url, base ?? undefined)));
    if (!isUnsupported(given[at])) {
      supported++;
      expect([url, base, withoutMessage(given[at])]).toEqual([url, base, expected]);
    }
  }
  return supported;
}

const HOSTS = [
  ...[
    "a",
    "A.b",
    "example.com",
    "a.",
    "a..b",
    "1.2.3.4",
    "1.2.3",
    "1",
    "0x7f.1",
    "0300.1",
    "256",
    "256.1.1.1",
    "1.2.3.256",
  ],
  ...[
    "4294967295",
    "4294967296",
    "1.2.3.4.5",
    "0x",
    "0x.0x",
    "09",
    "1.2.3.08",
    "1.a",
    "a.1",
    "a.0x1",
    "1.2.3.4.",
    "a b",
    "a%20b",
  ],
  ...[
    "%41",
    "%zz",
    "%ff",
    "a_b",
    "-a-",
    "a<b",
    "a^b",
    "a|b",
    "a\\b",
    "[::1]",
    "[1:2:3:4:5:6:7:8]",
    "[1::8]",
    "[::]",
    "[0:0:1::]",
  ],
  ...[
    "[1:0:0:2:0:0:0:3]",
    "[::1.2.3.4]",
    "[::ffff:1.2.3.4]",
    "[::01.2.3.4]",
    "[::1.2.3]",
    "[1]",
    "[:::]",
    "[1::2::3]",
    "[12345::]",
  ],
  ...[
    "[1:2:3:4:5:6:7:8:9]",
    "[1:2:3:4:5:6:7::]",
    "[::1",
    "::1]",
    "[]",
    "[::g]",
    "[1:2:3:4:5:6:1.2.3.4]",
    "[1.2.3.4::]",
    "[::1]x",
  ],
  ...[
    "[1:2:3:4:5:6:7:1.2.3.4]",
    "[:1]",
    "[1:]",
    "[::1%25eth0]",
    "",
    ".",
    "..",
    "\u007f",
    "a\u0000",
    "*",
    "a'b",
    "a;b",
    "(a)",
  ],
];

test("hosts", async () => {
  const urls = HOSTS.flatMap((name) => [`http://${name}/`, `https://u:p@${name}:8443/x`, `ws:${name}`]);
  expect(await compare(urls.map((url) => [url]))).toBe(urls.length);
});

test("whole URLs and relative ones", async () => {
  const urls = [
    ...["http://a/b?c#d", "HTTP://A:80/", "https://a:443", "https://a:80", "ws://a:80/", "wss://a:443/", "http://a:/"],
    ...[
      "http://a:65535/",
      "http://a:65536/",
      "http://a:0",
      "http://a:00080",
      "http://a:8x",
      "http://a:-1",
      "http://:80/",
    ],
    ...[
      "http:a",
      "http:/a",
      "http:///a",
      "http:\\\\a\\b",
      "http:////a",
      "//a/b",
      "/b",
      "b",
      "./b",
      "../b",
      "../../../b",
      "",
    ],
    ...[
      "?x",
      "#x",
      "?",
      "#",
      "b?c",
      "b#c",
      "b/../c",
      "b/..",
      "b/.",
      ".",
      "..",
      "/..",
      "/.",
      "%2e%2E/b",
      "b/%2e",
      ".%2e",
      "%2e.",
    ],
    ...[
      "\\b",
      "\\\\a\\b",
      "http:b",
      "https:b",
      "http:?x",
      "http:#x",
      "http:",
      "https:",
      "http:/b",
      "http:./b",
      "mailto",
      ":a",
      "1:a",
    ],
    ...[
      "http://u@a",
      "http://u:@a",
      "http://:p@a",
      "http://:@a",
      "http://@a",
      "http://u:p:q@a",
      "http://u@v@a",
      "http://u/@a",
    ],
    ...[
      "http://\u00e4:\u20ac@a",
      "http://u;=|[]'\"<>`^{}@a",
      'http://a/\u00e4 "<>`{}|?\u00e4 "<>`\'{}|#\u00e4 "<>`{}|',
    ],
    ...[
      "  http://a/ b  ",
      "ht\ntp://a/\tb\r",
      "http://a/\u0000\u0001",
      "\u0000http://a\u001f",
      "http://a/%zz%4",
      "http://a/;b=c",
    ],
    ...[
      "http://a/\ud800?\ud800#\ud800",
      "http://a//b///c",
      "http://a/b//..//c",
      "http://a/?a=b&a=c&%zz=+&=&&d",
      "http://a/?#",
    ],
    ...[
      "http://a?b/c",
      "http://a#b?c",
      "http://a\\?b",
      "http://a/b\\..\\c",
      "http://a/\u{1f600}",
      "http://[::1]:80/",
      "http://a@b:c@d",
    ],
    ...["b:c", "a/b:c", "http://a/'", "http://a/?'#'", "http://a/~!$&()*+,-.", "http://a/c:/d", "http://a/C|/d"],
  ];
  const bases = [null, "http://base/x/y?q#f", "https://u:p@base:1/", "ws://base/x/"];
  expect(await compare(urls.flatMap((url) => bases.map((base) => [url, base] as const)))).toBeGreaterThan(
    urls.length * 3.8,
  );
});

test("what is not supported says so", async () => {
  const urls = [
    "ftp://a/",
    "file:///a",
    "mailto:a@b",
    "data:,a",
    "http://\u00e4.de/",
    "http://xn--4ca.de/",
    "http://a.xn--4ca",
  ];
  const given = await callAll(
    host,
    "url",
    [...urls, "http://", "/a"].map((url) => [url]),
  );
  expect(given.map((outcome) => ("error" in outcome ? outcome.error : ""))).toEqual([
    ...["ftp", "file", "mailto", "data"].map((scheme) => `TypeError: URL: the scheme ${scheme}: is not supported`),
    "TypeError: URL: a host with other characters than ASCII is not supported",
    "TypeError: URL: a host with a label in punycode is not supported",
    "TypeError: URL: a host with a label in punycode is not supported",
    "TypeError: Invalid URL: it has no host",
    "TypeError: Invalid URL: it has no scheme, and there is no base",
  ]);
  expect(await callAll(host, "canParse", [["http://A/%41"], ["ftp://a"], ["x"]])).toEqual([
    { value: [true, "http://a/%41"] },
    { value: [false, null] },
    { value: [false, null] },
  ]);
});

const piece = fc.oneof(
  fc.constantFrom(
    "http:",
    "https:",
    "ws:",
    "//",
    "/",
    "\\",
    ".",
    "..",
    "%2e",
    "?",
    "#",
    "@",
    ":",
    "80",
    "a",
    "[::1]",
    "1.2",
  ),
  fc.constantFrom("&", "=", "+", "%41", "%", " ", "\t", "0x1", "u:p@", "b.c", "\u00e4", "'", '"', "|", "{", ";"),
  fc.string({ unit: "binary", maxLength: 3 }),
);
const address = fc.oneof(
  fc
    .tuple(fc.constantFrom("http://", "https://a", "wss://u@"), fc.array(piece, { maxLength: 8 }))
    .map(([start, rest]) => start + withoutCaret(rest.join(""))),
  fc.array(piece, { maxLength: 8 }).map((pieces) => withoutCaret(pieces.join(""))),
  fc.webUrl({ withFragments: true, withQueryParameters: true }).map(withoutCaret),
);
const base = fc.option(fc.constantFrom("http://base/x/y?q#f", "https://u:p@base:1/", "ws://base"));

test("for any text Node's URL gives the same, or ours says that it does not take it", async () => {
  let [all, supported] = [0, 0];
  const cases = fc.array(fc.tuple(address, base), { minLength: 60, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(cases, async (urls) => {
      all += urls.length;
      supported += await compare(urls);
    }),
    { numRuns: 40 },
  );
  expect(supported / all).toBeGreaterThan(0.5);
});

test("href, pathname, search and hash can be set", async () => {
  const values = [
    "",
    "?",
    "#",
    "?a=1",
    "#b",
    "a/../b",
    "/x y?#",
    "\\b\\..",
    "\u00e4 '\"",
    "a\tb",
    "http://b/?c#d",
    "nothing",
  ];
  const parts = ["href", "pathname", "search", "hash"] as const;
  const cases = ["http://a/b?c=d#e", "https://u@a"].flatMap((url) =>
    parts.flatMap((part) => values.map((value) => [url, part, value] as const)),
  );
  const given = await callAll(host, "setUrl", cases);
  const expected = cases.map(([text, part, value]) =>
    inNode(() => {
      const url = new URL(text);
      const params = url.searchParams;
      url[part] = value;
      return [partsOf(url), params === url.searchParams];
    }),
  );
  expect(given.map(withoutMessage)).toEqual(expected);
});

type Change = [change: string, name: string, value?: string];

/** As in test/filters/functions.ts. */
function changed(params: URLSearchParams, changes: readonly Change[]): unknown[] {
  const seen = changes.map(([change, name, value]) => {
    switch (change) {
      case "append":
      case "set":
        params[change](name, value ?? "");
        return undefined;
      case "delete":
        // Node 20 has no second parameter of delete and has.
        for (const kept of value !== undefined ? [params.getAll(name)] : []) {
          const pairs = [...params].filter((pair) => pair[0] !== name || pair[1] !== value);
          if (kept.includes(value ?? "")) {
            [...params.keys()].forEach((key) => {
              params.delete(key);
            });
            pairs.forEach((pair) => {
              params.append(...pair);
            });
          }
        }
        if (value === undefined) {
          params.delete(name);
        }
        return undefined;
      case "sort":
        params.sort();
        return undefined;
      case "has":
        return value === undefined ? params.has(name) : params.getAll(name).includes(value);
      default:
        return [params.get(name), params.getAll(name)];
    }
  });
  return [seen, params.toString(), [...params.keys()], [...params.values()], [...params].length];
}

const name = fc.oneof(fc.constantFrom("a", "b", "", "\u00e4", "a b"), fc.string({ unit: "binary", maxLength: 3 }));
const change = fc.tuple(
  fc.constantFrom("append", "set", "delete", "sort", "has", "get"),
  name,
  fc.option(name, { nil: undefined }),
);
const query = fc.oneof(
  fc
    .array(fc.oneof(name, fc.constantFrom("&", "=", "+", "%", "%41", "%C3%A4", "?", "#")), { maxLength: 12 })
    .map((parts) => parts.join("")),
  fc.array(fc.tuple(name, name), { maxLength: 5 }),
  fc.dictionary(name, name, { maxKeys: 5 }),
);

/** Node takes characters above U+007F for bytes where an escape is wrong, or its bytes are no UTF-8: it is given escapes of them. */
function wellEscaped<T>(init: T): T | string {
  return typeof init === "string"
    ? init
        .replaceAll(/%(?![0-9a-f]{2})/gi, "%25")
        .replaceAll(/[^\0-\x7f]+/g, (text) =>
          Buffer.from(text).reduce((all, byte) => `${all}%${byte.toString(16)}`, ""),
        )
    : init;
}

describe("URLSearchParams", () => {
  test("for any query and changes it gives what Node's gives", async () => {
    const cases = fc.array(fc.tuple(query, fc.array(change, { maxLength: 5 })), { minLength: 60, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(cases, async (all) => {
        const given = await callAll(host, "params", all);
        const expected = all.map(([init, changes]) =>
          inNode(() => changed(new URLSearchParams(wellEscaped(init)), changes as Change[])),
        );
        expect(given.map(withoutMessage)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  test("bytes that are no UTF-8 are U+FFFD, as many as in Node", async () => {
    const queries = [
      "%ff",
      "a%C3",
      "%E2%82",
      "%E2%82%41",
      "%F0%9F%98",
      "%ED%A0%80",
      "%C0%80",
      "%F5%80%80%80",
      "%80%80",
      "%EF%BB%BFa",
    ];
    const given = await callAll(
      host,
      "params",
      queries.map((one) => [one, []]),
    );
    expect(given).toEqual(queries.map((one) => inNode(() => changed(new URLSearchParams(one), []))));
  });

  test("pairs have two members", async () => {
    const given = await callAll(host, "params", [
      [[["a"]], []],
      [[["a", "b", "c"]], []],
      [[[]], []],
      [null, []],
    ]);
    expect(given.map((outcome) => "error" in outcome)).toEqual([true, true, true, false]);
  });

  test("those of a URL change it", async () => {
    const changes: Change[][] = [
      [["append", "a", "\u00e4 &"]],
      [["delete", "c"]],
      [
        ["set", "c", "x"],
        ["sort", ""],
      ],
      [["get", "c"]],
    ];
    const cases = ["http://a/?c=d&b=%20#e", "http://a/?%7e", "http://a"].flatMap((url) =>
      changes.map((one) => [url, one] as const),
    );
    const expected = cases.map(([text, all]) =>
      inNode(() => {
        const url = new URL(text);
        return [changed(url.searchParams, all), partsOf(url)];
      }),
    );
    expect(await callAll(host, "changeUrl", cases)).toEqual(expected);
  });
});

describe("a request's path", () => {
  /** What a use of the request gives: its outcome, pathname and search before, the path after. */
  async function use(path: string, what: string, value: string): Promise<unknown[]> {
    const answer = await host.fetch("http://a/", {
      headers: { "x-raw": path, "x-path": `${what} ${encodeURIComponent(value)}` },
    });
    return (await answer.json()) as unknown[];
  }

  test.each([
    ["/", "x", null],
    ["/?x", "x", ""],
    ["/a?y=1&x=2&x=3", "x", "2"],
    ["/a?%78=a+b%2Bc%C3%A4", "x", "a b+c\u00e4"],
    ["/a?x+y=1", "x y", "1"],
    ["/a?x=1#x=2", "y", null],
    ["/a#?x=1", "x", null],
    ["/a?=1", "", "1"],
    ["/a??x=1", "?x", "1"],
    ["/a?\u00c3\u00a4=\u00e2\u0082\u00ac", "\u00e4", "\u20ac"],
    ["/a?x=%ff%", "x", "\ufffd%"],
    ["*", "x", null],
  ])("of %s, query(%j) is %j", async (path, wanted, value) => {
    const [outcome, pathname, search] = await use(path, "query", wanted);
    expect(outcome).toEqual({ value });
    const [, expectedName, expectedSearch = ""] = /^([^?#]*)(\?[^#]*)?/.exec(path) ?? [];
    expect([pathname, search]).toEqual([expectedName, expectedSearch === "?" ? "" : expectedSearch]);
  });

  test.each([
    ["/a?b=c#d", "pathname", "/x/y", "/x/y?b=c#d"],
    ["/a?b=c", "pathname", "x?y#z", "/x%3Fy%23z?b=c"],
    ["/a", "pathname", "", "/"],
    ["/a?", "pathname", "/b", "/b?"],
    ["/a?b=c#d", "search", "", "/a#d"],
    ["/a?b=c#d", "search", "x=#y", "/a?x=%23y#d"],
    ["/a", "search", "?x?", "/a?x?"],
    ["/a?b", "search", "?", "/a"],
  ])("of %s, to set %s to %j makes it %s", async (path, what, value, after) => {
    const [outcome, , , changedPath] = await use(path, what, value);
    expect([outcome, changedPath]).toEqual([{ value }, after]);
  });

  test("what is no byte string, or has a line break, is refused", async () => {
    for (const value of ["\u20ac", "a\nb", "\0"]) {
      for (const what of ["pathname", "search"]) {
        const [outcome, , , after] = await use("/a?b", what, value);
        expect([withoutMessage(outcome as Outcome), after]).toEqual([{ error: "" }, "/a?b"]);
      }
    }
  });
});
