/** back-golang in Node: the same service as main.go, for machines without Go. */

import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const { HOST, PORT = "8080", NEXT = "http://localhost:5000" } = process.env;
const TIMEOUT_MS = 5000;

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  if (pathname !== "/jump") {
    answer(response, 404, "404 page not found\n");
    return;
  }
  logRequest(request, pathname);
  if (request.method === "GET") {
    void jump(response);
  } else {
    response.setHeader("allow", "GET");
    answer(response, 405, "only GET\n");
  }
});
server.on("error", (error) => {
  console.error(`back-golang cannot listen: ${error.message}`);
  process.exitCode = 1;
});
server.listen(Number(PORT), HOST, () => {
  console.error(`back-golang listens on port ${(server.address() as AddressInfo).port}`);
});

function logRequest(request: IncomingMessage, path: string): void {
  const headers = Object.entries(request.headersDistinct).map(
    ([name, values = []]) => `${goName(name)}: ${values.join(", ")}`,
  );
  console.error([`Received ${request.method ?? ""} ${path}`, ...headers.sort()].join("\n  "));
}

/** Go writes a header's name like this: X-Request-Id. */
function goName(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** Writes the next service's status and message, or 502 when there is none. */
async function jump(response: ServerResponse): Promise<void> {
  try {
    const { code, message } = await call();
    answer(response, 200, `JumpResponse[code: ${code} ,message: ${message}]`);
  } catch (error) {
    const reason = reasonOf(error);
    console.error(`the jump failed: ${reason}`);
    answer(response, 502, `JumpResponse[code: 502 ,message: ${reason}]`);
  }
}

async function call(): Promise<{ code: number; message: string }> {
  const reply = await fetch(`${NEXT}/jump`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const { message = "" } = (await reply.json()) as { readonly message?: string };
  return { code: reply.status, message };
}

function reasonOf(error: unknown): string {
  // Node's fetch says only "fetch failed"; the reason is the cause.
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  return cause instanceof Error ? cause.message : message;
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(text);
}
