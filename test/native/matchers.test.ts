import { describe, expect, test } from "vitest";

import { TestHost } from "../host/index.ts";
import "../host/vitest.ts";
import { tempProject } from "../temp-project.ts";

const FILTER = `import { defineCounter, defineFilter, defineHistogram, Response } from "proxy-wasm-ts";

const requests = defineCounter("requests");
const sizes = defineHistogram("sizes");

function refuse(path: string): Response {
  return new Response(path, { status: 403 });
}

export default defineFilter({
  onRequestHeaders(request, { log }) {
    requests.increment();
    sizes.record(request.path.length);
    if (request.path === "/refused") {
      return refuse(request.path);
    }
    log.warn(\`saw \${request.path}\`);
    return undefined;
  },
});
`;

/** What an assertion that fails says. */
function messageOf(assertion: () => void): string {
  try {
    assertion();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("the assertion did not fail");
}

describe("matchers", () => {
  async function loaded(): Promise<TestHost> {
    await using project = await tempProject({ "filter.ts": FILTER });
    const host = await TestHost.load(project.path("filter.ts"));
    await host.fetch("http://a/one");
    await host.fetch("http://a/two");
    return host;
  }

  test("for the log, the calls and the metrics", async () => {
    await using host = await loaded();
    expect(host).toHaveLogged("saw /one");
    expect(host).toHaveLogged(/^saw/, { times: 2, level: "warn" });
    expect(host).not.toHaveLogged(/^saw/, { level: "error" });
    expect(host).toHaveCalled("proxy_define_metric", { name: "requests" }, { times: 1 });
    expect(host).toHaveCalled("proxy_log", { message: expect.stringContaining("two") as unknown });
    expect(host).not.toHaveCalled("proxy_http_call");
    expect(host).toHaveMetric("requests", 2);
    expect(host).toHaveMetric("sizes", [4, 4]);
  });

  test("say what was seen, and what happened around it", async () => {
    await using host = await loaded();
    const logged = messageOf(() => {
      expect(host).toHaveLogged("saw /three");
    });
    expect(logged).toContain('expected that the filter had logged "saw /three"');
    expect(logged).toContain("its log:\n  [warn] saw /one\n  [warn] saw /two");
    expect(logged).toMatch(
      /proxy_on_request_headers\(3, \d+, 1\)\n(?: {2}proxy_.*\n)+ {2}proxy_log\(log_level: "Warn", message: "saw \/two"\) = Ok \[context 3\]\n {2}returned Continue/,
    );
    const called = messageOf(() => {
      expect(host).toHaveCalled("proxy_log", { message: "saw /one" }, { times: 2 });
    });
    expect(called).toContain("2 times, and it was 1 times");
    expect(called).toContain('"message": "saw /two"');
    expect(
      messageOf(() => {
        expect(host).toHaveMetric("reqests", 2);
      }),
    ).toContain('there is no metric "reqests"; the filter has defined requests, sizes');
    expect(
      messageOf(() => {
        expect({}).toHaveLogged("x");
      }),
    ).toContain("toHaveLogged is for a TestHost");
  });
});
