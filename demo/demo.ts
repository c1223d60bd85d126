/**
 * The demo: one request through a proxy with the jump filter, and what each party logged. `--envoy` takes a real Envoy and the
 * Go program. Environment: KEEP=1 leaves it running, PORT is the proxy's port (default: a free one).
 */

import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { runDemo } from "./run.ts";

const WASM = fileURLToPath(new URL("../dist/filter.wasm", import.meta.url));

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { envoy: { type: "boolean", default: false } } });
  const { KEEP = "", PORT = "0" } = process.env;
  if (!existsSync(WASM)) {
    throw new Error(`there is no ${relative(process.cwd(), WASM)}: make it first, with npm run build:wasm`);
  }
  await runDemo({
    envoy: values.envoy,
    wasm: WASM,
    port: await freePort(PORT),
    print: (text) => {
      console.log(text);
    },
    onVerdict: async (problems, url) => {
      report(problems);
      if (KEEP !== "" && KEEP !== "0") {
        console.log(`\nIt keeps running. Try: curl -i ${url}/jump\nCtrl-C ends it.`);
        await forever();
      }
    },
  });
}

function report(problems: readonly string[]): void {
  process.exitCode = problems.length === 0 ? 0 : 1;
  if (problems.length === 0) {
    console.log("\nOK: the filter called back-python, and the request went on to back-golang and back-python");
  } else {
    console.log(`\nFAILED: ${problems.join("; ")}`);
  }
}

/** @throws Error when it is no port, or another program has it */
async function freePort(text: string): Promise<number> {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(`PORT must be a port, not ${text}`);
  }
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new Error(`port ${port} cannot be used (${cause.message}): set PORT to another one`, { cause }));
    });
    server.listen(port, "127.0.0.1", resolve);
  });
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A promise alone does not keep Node running. */
function forever(): Promise<never> {
  return new Promise(() => {
    setInterval(() => undefined, 1 << 30);
  });
}

// The services end with this process, whatever ends it: see scripts/child.ts.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => process.exit(process.exitCode ?? 130));
}

try {
  await main();
} catch (error) {
  report([error instanceof Error ? error.message : String(error)]);
}
