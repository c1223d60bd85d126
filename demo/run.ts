import { poll } from "../scripts/poll.ts";
import { startBackGolang, startBackPython } from "./services.ts";
import type { Service } from "./services.ts";
import { startEnvoyProxy, startNodeProxy } from "./proxy.ts";
import type { Proxy } from "./proxy.ts";

export interface DemoOptions {
  /** Envoy and the Go program in place of the Node host and the stand-in. */
  readonly envoy: boolean;
  /** The filter's module. */
  readonly wasm: string;
  /** The proxy's port; 0: a free one. */
  readonly port: number;
  readonly print: (text: string) => void;
  /** Is told what is wrong (empty: it works) while everything still runs, which ends when this has settled. */
  readonly onVerdict: (problems: readonly string[], url: string) => Promise<void>;
}

const ANSWER = "JumpResponse[code: 200 ,message: /jump - Greetings from Python!]";
const REQUEST_MS = 10_000;
const LOG_MS = 3000;

/** Starts the chain, sends one request through it and prints what each party saw. */
export async function runDemo({ envoy, wasm, port, print, onVerdict }: DemoOptions): Promise<void> {
  await using python = await startBackPython();
  await using golang = await startBackGolang(python.url, envoy);
  const startProxy = envoy ? startEnvoyProxy : startNodeProxy;
  await using proxy = await startProxy({ wasm, backPython: python.url, backGolang: golang.url, port });

  print(`GET ${proxy.url}/jump  (${envoy ? "Envoy" : "the Node host"} in front of back-golang)`);
  const response = await fetch(`${proxy.url}/jump`, { signal: AbortSignal.timeout(REQUEST_MS) });
  const answer = { status: response.status, body: await response.text() };
  const problems = await judge(answer, { python, golang, proxy });

  print(section("back-golang", golang.output()));
  print(section("filter", proxy.filterLog().join("\n")));
  print(section("back-python", python.output()));
  print(section("answer", answer.body));
  await onVerdict(problems, proxy.url);
}

interface Parties {
  readonly python: Service;
  readonly golang: Service;
  readonly proxy: Proxy;
}

async function judge(answer: { status: number; body: string }, { python, golang, proxy }: Parties): Promise<string[]> {
  const problems: string[] = [];
  if (answer.status !== 200 || answer.body !== ANSWER) {
    problems.push(`the answer is ${answer.status} ${JSON.stringify(answer.body)}, not 200 ${JSON.stringify(ANSWER)}`);
  }
  if (!(await wrote(golang, /^Received GET \/jump$/m))) {
    problems.push("back-golang has not logged the request");
  }
  // back-golang calls with POST: a GET can only come from the filter.
  if (!(await wrote(python, /"GET \/jump HTTP\/1\.1" 200 -/))) {
    problems.push("back-python has not logged the filter's GET");
  }
  const filterLine = /called back-python: GET \/jump -> 200 in \d+ ms/;
  if (!(await poll(LOG_MS, () => proxy.filterLog().find((line) => filterLine.test(line))))) {
    problems.push("the filter has not logged its call");
  }
  return problems;
}

/** What a process writes arrives a little later than what it answers. */
function wrote(service: Service, pattern: RegExp): Promise<boolean> {
  return service.waitFor(pattern, LOG_MS).then(
    () => true,
    () => false,
  );
}

function section(name: string, text: string): string {
  const lines = text.trimEnd().split("\n");
  return `\n--- ${name}\n${lines.filter((line) => !line.includes("listens on port")).join("\n")}`;
}
