import { expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import { build } from "./build.ts";

const FILTER = `
import { defineCounter, defineFilter, defineGauge, defineHistogram } from "proxy-wasm-ts";

const requests = defineCounter("requests", { labels: ["method"] });
const open = defineGauge("open");
const lengths = defineHistogram("lengths");
const unused = defineCounter("unused");

export default defineFilter({
  onRequestHeaders(request) {
    requests.with({ method: request.method }).increment();
    open.increment();
    lengths.record(request.path.length);
    unused.increment(0);
    request.headers.set("x-open", String(open.value));
  },
  onDone() {
    open.decrement();
  },
});
`;

test("metrics are defined once, when they are first used", async () => {
  await using host = await TestHost.load(await build(FILTER));
  for (const [path, method] of [
    ["/", "GET"],
    ["/abc", "GET"],
    ["/", "POST"],
  ] as const) {
    await host.fetch(`http://host${path}`, { method });
  }
  expect(Object.fromEntries(host.metrics)).toEqual({
    "method=.=GET;.;requests": { type: "Counter", value: 2 },
    "method=.=POST;.;requests": { type: "Counter", value: 1 },
    open: { type: "Gauge", value: 0 },
    lengths: { type: "Histogram", values: [1, 4, 1] },
  });
  expect(host.calls.filter(({ call }) => call === "proxy_define_metric")).toHaveLength(4);
});
