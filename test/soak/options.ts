import { parseArgs } from "node:util";

export interface Options {
  readonly requests: number;
  readonly seed: number;
  readonly workers: number;
}

const GATE = 20_000;
const LONG = 500_000;

export const USAGE = `npm run test:soak -- [options]

  --long        ${LONG} requests in place of ${GATE}
  --requests N  another number
  --seed N      other kinds of requests in another order (default: 1)
  --workers N   Envoy's threads (default: 2)`;

/** Reads the command line. @throws Error that says which option is wrong */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      long: { type: "boolean", default: false },
      requests: { type: "string" },
      seed: { type: "string", default: "1" },
      workers: { type: "string", default: "2" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    return "help";
  }
  return {
    requests: values.requests === undefined ? (values.long ? LONG : GATE) : count("requests", values.requests),
    seed: count("seed", values.seed),
    workers: count("workers", values.workers),
  };
}

function count(name: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) {
    throw new Error(`--${name} takes a number from 1 on, not "${text}"\n\n${USAGE}`);
  }
  return Number(text);
}
