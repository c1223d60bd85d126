import { expect, test } from "vitest";

import { makeSender } from "./endpoint.ts";
import { HeaderMap } from "./header-map.ts";

test("a handler sees the authority as the URL's host, also beyond ASCII and once V8 has optimized the code", async () => {
  const urls = new Set<string>();
  const handler = (request: Request) => (urls.add(request.url), new Response());
  const send = makeSender(handler, "the test's service", (error) => {
    throw error;
  });
  const headers = new HeaderMap("request", [
    [":method", "GET"],
    [":path", "/a"],
    [":authority", "caf\u00e9"],
  ]);
  for (let i = 0; i < 10_000; i++) {
    await send({ headers, body: new Uint8Array() }, new AbortController().signal);
  }
  expect([...urls]).toEqual(["http://xn--caf-dma/a"]);
});
