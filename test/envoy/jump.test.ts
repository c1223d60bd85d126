import { randomBytes } from "node:crypto";

import { expect, test } from "vitest";

import { startJump } from "./jump-chain.ts";

test("calls back-python before the request goes on", async () => {
  await using chain = await startJump();

  const response = await fetch(`${chain.url}/jump?to=1`, { headers: { "x-request-id": "id-1", "x-other": "2" } });

  expect(await response.text()).toBe("from upstream");
  expect(response.status).toBe(200);
  expect(chain.upstream.requests).toMatchObject([{ method: "GET", path: "/jump?to=1" }]);
  expect(chain.called.requests).toMatchObject([
    {
      method: "GET",
      path: "/jump?to=1",
      headers: { host: "back-python", "x-request-id": expect.any(String) as string },
    },
  ]);
  const [call] = chain.called.requests;
  const [request] = chain.upstream.requests;
  expect(call?.headers["x-request-id"], "the call belongs to the request's trace").toBe(
    request?.headers["x-request-id"],
  );
  expect(call?.headers, "only what is configured is forwarded").not.toHaveProperty("x-other");
  await chain.envoy.waitForFilterLog(/^\[info\] called back-python: GET \/jump\?to=1 -> 200 in \d+ ms$/);
  expect(chain.order).toEqual(["call", "upstream"]);
});

test("calls back-python before the response goes on", async () => {
  await using chain = await startJump({ config: { phase: "response" } });

  const response = await fetch(`${chain.url}/jump`, { method: "POST", body: "text" });

  expect(await response.text()).toBe("from upstream");
  expect(chain.called.requests).toMatchObject([{ method: "POST", path: "/jump" }]);
  expect(chain.order).toEqual(["upstream", "call"]);
  await chain.envoy.waitForFilterLog(/^\[info\] called back-python: POST \/jump -> 200 in/);
});

test("the configuration says what is called", async () => {
  await using chain = await startJump({
    cluster: "other",
    config: {
      cluster: "other",
      authority: "python.example",
      path: "/check",
      method: "HEAD",
      match: "/jump",
      forwardHeaders: ["x-user-*"],
    },
  });

  await fetch(`${chain.url}/elsewhere`);
  await fetch(`${chain.url}/jump`, {
    headers: { "x-user-name": "me", "x-user-role": "admin", "x-request-id": "id-1" },
  });

  expect(chain.called.requests).toMatchObject([
    {
      method: "HEAD",
      path: "/check",
      headers: { host: "python.example", "x-user-name": "me", "x-user-role": "admin" },
    },
  ]);
  expect(chain.called.requests[0]?.headers).not.toHaveProperty("x-request-id");
  expect(chain.upstream.requests).toHaveLength(2);
});

test.each(["request", "response"])("responseHeader tells the client the call's status: %s phase", async (phase) => {
  await using chain = await startJump({
    config: { phase, responseHeader: "x-jump-status" },
    answer: (_request, response) => void response.writeHead(204).end(),
  });

  const response = await fetch(`${chain.url}/jump`);

  expect(response.headers.get("x-jump-status")).toBe("204");
});

test("works without a configuration", async () => {
  await using chain = await startJump({ config: undefined });

  expect((await fetch(`${chain.url}/jump`)).status).toBe(200);
  expect(chain.called.requests).toHaveLength(1);
});

// Envoy's buffers hold 1 MiB: more than that must wait at the client while the call is open.
test.each([1 << 20, 5 << 20])("a body of %i bytes passes untouched, both ways", async (size) => {
  await using chain = await startJump({
    upstreamAnswer: (request, response) => void response.end(request.body),
  });
  const body = randomBytes(size);

  const response = await fetch(`${chain.url}/jump`, { method: "POST", body });

  expect(response.status).toBe(200);
  expect(Buffer.from(await response.arrayBuffer()).equals(body), "the response's body").toBe(true);
  expect(chain.upstream.requests[0]?.body.equals(body), "the request's body").toBe(true);
  expect(chain.called.requests).toMatchObject([{ method: "POST", body: Buffer.alloc(0) }]);
});

test("requests at the same time each get their own call", async () => {
  await using chain = await startJump({
    config: { responseHeader: "x-jump-status" },
    // Each path has a status of its own, and the later requests are answered first.
    answer: (request, response) => {
      const number = Number(new URL(request.path, "http://localhost").searchParams.get("number"));
      setTimeout(() => response.writeHead(200 + number).end(), 100 - number);
    },
  });
  const numbers = Array.from({ length: 50 }, (_, number) => number);

  const responses = await Promise.all(numbers.map((number) => fetch(`${chain.url}/jump?number=${number}`)));

  expect(responses.map(({ status }) => status)).toEqual(numbers.map(() => 200));
  expect(responses.map(({ headers }) => headers.get("x-jump-status"))).toEqual(
    numbers.map((number) => String(200 + number)),
  );
  expect(chain.called.requests).toHaveLength(50);
  expect(chain.upstream.requests).toHaveLength(50);
});
