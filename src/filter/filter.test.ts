import { TestHost } from "proxy-wasm-ts/testing";
import type { TestHostOptions } from "proxy-wasm-ts/testing";
import { expect, test } from "vitest";

const URL_OF_JUMP = "http://back-golang/jump?to=1";

interface Setup {
  readonly config?: unknown;
  readonly python?: (request: Request) => Response | Promise<Response>;
  readonly upstream?: (request: Request) => Response | Promise<Response>;
}

/** The filter in front of back-golang, with what back-python was asked. */
async function start(setup: Setup = {}) {
  const asked: Request[] = [];
  const python = setup.python ?? (() => new Response("hello"));
  const options: TestHostOptions = {
    config: setup.config,
    clusters: {
      "back-python": (request) => {
        asked.push(request);
        return python(request);
      },
    },
    upstream: setup.upstream ?? (() => new Response("from back-golang")),
  };
  const host = await TestHost.load("dist/filter.wasm", options);
  return {
    host,
    asked,
    lines: () => host.logs.map(({ level, message }) => `${level} ${message}`),
    [Symbol.asyncDispose]: () => host.close(),
  };
}

const never = () => new Promise<Response>(() => undefined);
const refuse = () => {
  throw new Error("nobody listens");
};

test("it calls back-python with the same method, path and query, logs the answer, and the request goes on", async () => {
  await using filter = await start();
  const { host, asked, lines } = filter;
  const response = await host.fetch(URL_OF_JUMP);
  expect(response.status).toBe(200);
  expect(await response.text()).toBe("from back-golang");
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual(["GET http://back-python/jump?to=1"]);
  expect(lines()).toContainEqual(expect.stringMatching(/^info called back-python: GET \/jump\?to=1 -> 200 in \d+ ms$/));
});

test("a request with a body reaches the upstream untouched, and the call has its method and no body", async () => {
  const body = "x".repeat(100_000);
  await using filter = await start({ upstream: async (request) => new Response(await request.text()) });
  const { host, asked } = filter;
  const response = await host.fetch(URL_OF_JUMP, { method: "POST", body });
  expect(await response.text()).toBe(body);
  expect(asked[0]?.method).toBe("POST");
  expect(await asked[0]?.text()).toBe("");
});

test("cluster: another one", async () => {
  await using filter = await start({ config: { cluster: "nowhere" } });
  const { host, lines } = filter;
  expect((await host.fetch(URL_OF_JUMP)).status).toBe(200);
  expect(lines()).toContainEqual(
    expect.stringMatching(/^error called nowhere: GET \/jump\?to=1 -> failed: unknown cluster.* in \d+ ms$/),
  );
});

test("authority, path and method: sent instead of the request's", async () => {
  await using filter = await start({ config: { authority: "python:5000", path: "/other", method: "HEAD" } });
  const { host, asked, lines } = filter;
  await host.fetch(URL_OF_JUMP);
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual(["HEAD http://python:5000/other"]);
  expect(lines()).toContainEqual(expect.stringContaining("called back-python: HEAD /other -> 200"));
});

test("phase response: the call is made when the upstream has answered", async () => {
  const order: string[] = [];
  await using filter = await start({
    config: { phase: "response" },
    python: () => {
      order.push("back-python");
      return new Response();
    },
    upstream: () => {
      order.push("back-golang");
      return new Response();
    },
  });
  const { host, asked } = filter;
  await host.fetch(URL_OF_JUMP);
  expect(order).toEqual(["back-golang", "back-python"]);
  expect(asked[0]?.url).toBe("http://back-python/jump?to=1");
});

test("timeoutMs: a slow back-python does not hold the request up for longer", async () => {
  await using filter = await start({ config: { timeoutMs: 50 }, python: never });
  const { host, lines } = filter;
  expect((await host.fetch(URL_OF_JUMP)).status).toBe(200);
  expect(lines()).toContainEqual(expect.stringMatching(/^warn .* -> failed: timed out after 50 ms in \d+ ms$/));
});

test.each(["request", "response"])("onFailure deny, phase %s: a failed call answers 503", async (phase) => {
  await using filter = await start({ config: { phase, onFailure: "deny", responseHeader: "x-jump" }, python: refuse });
  const { host } = filter;
  const response = await host.fetch(URL_OF_JUMP);
  expect(response.status).toBe(503);
  expect(await response.text()).toBe("the call to back-python failed\n");
  expect(response.headers.get("x-jump")).toBe("connection-failed");
});

test("onFailure deny: a 500 of back-python is a failure too, a 204 is none", async () => {
  let status = 500;
  await using filter = await start({ config: { onFailure: "deny" }, python: () => new Response(null, { status }) });
  const { host } = filter;
  expect((await host.fetch(URL_OF_JUMP)).status).toBe(503);
  status = 204;
  expect((await host.fetch(URL_OF_JUMP)).status).toBe(200);
});

test("match: other paths are left alone", async () => {
  await using filter = await start({ config: { match: "/jump" } });
  const { host, asked } = filter;
  await host.fetch("http://back-golang/other");
  expect(asked).toHaveLength(0);
  await host.fetch(URL_OF_JUMP);
  expect(asked).toHaveLength(1);
});

test("forwardHeaders: tracing headers by default, those of the list otherwise", async () => {
  const headers = {
    "x-b3-traceid": "1",
    traceparent: "2",
    "x-request-id": "3",
    tracestate: "4",
    cookie: "5",
    "x-a": "6",
  };
  const names = (request: Request | undefined) =>
    [...(request?.headers.keys() ?? [])].filter((name) => Object.hasOwn(headers, name)).sort();

  await using standard = await start();
  await standard.host.fetch(URL_OF_JUMP, { headers });
  expect(names(standard.asked[0])).toEqual(["traceparent", "tracestate", "x-b3-traceid", "x-request-id"]);

  await using own = await start({ config: { forwardHeaders: ["Cookie", "x-*"] } });
  await own.host.fetch(URL_OF_JUMP, { headers });
  expect(names(own.asked[0])).toEqual(["cookie", "x-a", "x-b3-traceid", "x-request-id"]);
});

test.each(["request", "response"])("responseHeader, phase %s: tells the client the call's status", async (phase) => {
  await using filter = await start({
    config: { phase, responseHeader: "x-jump" },
    python: () => new Response(null, { status: 418 }),
  });
  const { host } = filter;
  const response = await host.fetch(URL_OF_JUMP);
  expect([response.status, response.headers.get("x-jump")]).toEqual([200, "418"]);
});

test.each([
  ["back-python cannot be reached", refuse, / -> failed: connection failed .* in \d+ ms$/],
  ["back-python answers 500", () => new Response(null, { status: 500 }), / -> 500 \(not 2xx\) in \d+ ms$/],
])("%s: the request goes on, and the log says why", async (_name, python, line) => {
  await using filter = await start({ python });
  const { host, lines } = filter;
  expect((await host.fetch(URL_OF_JUMP)).status).toBe(200);
  expect(lines()).toContainEqual(expect.stringMatching(line));
});

test("back-python's own 503 is an answer, whatever its text", async () => {
  await using filter = await start({ python: () => new Response("closed", { status: 503 }) });
  const { host, lines } = filter;
  await host.fetch(URL_OF_JUMP);
  expect(lines()).toContainEqual(expect.stringContaining("-> 503 (not 2xx) in"));
});

test("a client that leaves while the call is open takes nothing down", async () => {
  let answer: (response: Response) => void = () => undefined;
  await using filter = await start({ python: () => new Promise((resolve) => (answer = resolve)) });
  const { host, asked, lines } = filter;
  const client = new AbortController();
  const left = host.fetch(URL_OF_JUMP, { signal: client.signal });
  await expect.poll(() => asked.length).toBe(1);
  client.abort();
  await expect(left).rejects.toThrow();
  answer(new Response("late"));
  await expect.poll(lines).toContainEqual(expect.stringContaining("-> 200 in"));
  expect(lines().filter((line) => line.startsWith("error"))).toEqual([]);
  const next = host.fetch(URL_OF_JUMP);
  await expect.poll(() => asked.length).toBe(2);
  answer(new Response());
  expect((await next).status).toBe(200);
});

test("50 requests at once each have their own call", async () => {
  await using filter = await start({
    config: { responseHeader: "x-jump" },
    python: (request) => new Response(null, { status: 200 + (Number(new URL(request.url).pathname.slice(1)) % 5) }),
    upstream: (request) => new Response(new URL(request.url).pathname),
  });
  const { host, asked } = filter;
  const results = await Promise.all(
    Array.from({ length: 50 }, async (_value, index) => {
      const response = await host.fetch(`http://back-golang/${index}`);
      return `${await response.text()} ${response.headers.get("x-jump") ?? ""}`;
    }),
  );
  expect(results).toEqual(Array.from({ length: 50 }, (_value, index) => `/${index} ${200 + (index % 5)}`));
  expect(asked).toHaveLength(50);
});

test("a wrong configuration is refused with the reason in the log", async () => {
  await expect(start({ config: { timeoutMs: -1 } })).rejects.toThrow(
    "the plugin configuration was refused: timeoutMs must be an integer from 1 to 2147483647, not -1",
  );
  await expect(start({ config: "{" })).rejects.toThrow("the plugin configuration was refused: it is not JSON");
});
