/**
 * Chooses the functions of the engine and the shim that are compiled for speed, and those that lie side by side in a module:
 * `npm run engine:profile`. See README.md.
 *
 * The filters of the benchmark, and the SDK's functions that are measured, run on the engine that is there. Functions that do most of a
 * request's work for their size, and are compiled to be small, are added to build/engine/hot-functions.txt; those that do hardly any go.
 * What clang has inlined everywhere is none of the module's functions: its entry stays. Build the engine, and look at the budgets.
 *
 * build/engine/request-functions.txt is made anew: what the requests of these filters run, what most of them run first. And
 * build/engine/branches.txt: which way branches go there, on average of the filters that reach them. And
 * build/engine/busy-functions.txt: what one request runs so often that calls are a good part of its time.
 */

import { parseArgs } from "node:util";

import {
  readHotFunctions,
  writeBranches,
  writeBusyFunctions,
  writeHotFunctions,
  writeRequestFunctions,
} from "../build/engine/engine.ts";
import type { Branches } from "../build/engine/hints.ts";
import { BALANCED } from "../build/engine/optimize.ts";
import { readParts } from "../build/steps/engine-module.ts";
import { functionBodies } from "../build/wasm/code.ts";
import { functionNames } from "../build/wasm/function-names.ts";
import { readModule } from "../build/wasm/module.ts";
import { countCases, FUNCTIONS_FILTER } from "./functions/cases.ts";
import { entryOf } from "./folders.ts";
import { total } from "./meter/guest.ts";
import { buildEntry, buildWhole, countBranches, countPerRequest } from "./meter/run.ts";
import { FILTERS } from "./modules.ts";

const USAGE = `npm run engine:profile -- [options]

  --bytes N   how many bytes of functions are added at most (default: 6000)
  --dry-run   prints what would change, and writes nothing`;

const COMMENT = [
  "Functions of the engine and the shim that stay at -O2: those that a profile of the benchmark's filters",
  'counted most for their size. "npm run engine:profile" changes this list.',
];

const ORDER_COMMENT = [
  "Functions that the requests of the benchmark's filters run, those first that most filters run. They lie in this order",
  'before all others in a module. "npm run engine:profile" writes this list.',
];

const BUSY_COMMENT = [
  "Functions that do ten thousand instructions or more for one request of the benchmark's filters, or of one that calls the SDK's native",
  'functions. A host\'s compiler may put their callees into them. "npm run engine:profile" writes this list.',
];

const BRANCHES_COMMENT = [
  "Which way each `if` and `br_if` of a function goes in the requests of the benchmark's filters: + is taken, - is not, . unknown.",
  'They become hints for compilers of WebAssembly. "npm run engine:profile" writes this list.',
];

/** The share of its times in which a branch that gets a hint goes one way. */
const LIKELY = 0.9;

/** Shares of a request's instructions, in the filter where they are largest. */
const [WORTH_ADDING, WORTH_KEEPING] = [0.003, 0.0005];

/** Instructions a request. */
const BUSY = 10_000;

/** Calls a request from which a function is not an exception's. */
const EACH_SECOND_REQUEST = 0.5;

interface Profiled {
  /** The largest share of a request's instructions that it has in any profile. */
  readonly share: number;
  readonly bytes: number;
}

/** Of all functions, those that run for requests, and in how many filters. */
type Users = Map<string, number>;

async function profile(): Promise<{ found: Map<string, Profiled>; users: Users; busy: Set<string> }> {
  const found = new Map<string, Profiled>();
  const users: Users = new Map();
  const busy = new Set<string>();
  const add = (module: Uint8Array, instructions: ReadonlyMap<string, number>) => {
    const info = readModule(module);
    const names = functionNames(info);
    const all = total(instructions);
    for (const [name, count] of instructions) {
      if (count >= BUSY) {
        busy.add(name);
      }
    }
    for (const { index, bytes } of functionBodies(info)) {
      const name = names.get(index) ?? "";
      const share = Math.max((instructions.get(name) ?? 0) / all, found.get(name)?.share ?? 0);
      found.set(name, { share, bytes });
    }
  };
  for (const filter of FILTERS) {
    const module = await buildEntry(entryOf(filter), { inlineCalls: false });
    const { instructions, calls } = await countPerRequest(filter, module);
    console.log(
      `${filter}: ${total(instructions).toFixed(0)} instructions a request, ${module.length} bytes with names`,
    );
    add(module, instructions);
    for (const [name, count] of calls) {
      if (count >= EACH_SECOND_REQUEST) {
        users.set(name, (users.get(name) ?? 0) + 1);
      }
    }
  }
  const module = await buildEntry(FUNCTIONS_FILTER, { inlineCalls: false });
  for (const { counts } of await countCases(module, 5)) {
    add(module, counts.instructions);
  }
  return { found, users, busy };
}

/** Which way the branches of each function go. A filter counts as much as another, however often it reaches one. */
async function profileBranches(): Promise<Branches> {
  const shares = new Map<string, number[][]>(); // by function, for each of its branches
  for (const filter of FILTERS) {
    for (const [{ name, nth }, share] of await countBranches(filter, await buildWhole(entryOf(filter)))) {
      const branches = shares.get(name) ?? [];
      shares.set(name, branches);
      branches[nth] = [...(branches[nth] ?? []), ...(share === undefined ? [] : [share])];
    }
  }
  const signs = [...shares].map(([name, branches]) => [name, branches.map(signOf).join("")] as const);
  return new Map(signs.filter(([, text]) => /[+-]/.test(text)));
}

function signOf(shares: readonly number[]): string {
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return mean >= LIKELY ? "+" : mean <= 1 - LIKELY ? "-" : ".";
}

/** Those with most of a request's work for their size, until they have so many bytes. */
function worthAdding(found: ReadonlyMap<string, Profiled>, most: number): string[] {
  const ranked = [...found]
    .filter(([, { share }]) => share >= WORTH_ADDING)
    .sort(([, a], [, b]) => b.share / b.bytes - a.share / a.bytes);
  let left = most;
  const chosen: string[] = [];
  for (const [name, { bytes }] of ranked) {
    if (bytes <= left) {
      left -= bytes;
      chosen.push(name);
    }
  }
  return chosen;
}

const { values } = parseArgs({
  options: {
    bytes: { type: "string", default: "6000" },
    "dry-run": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(USAGE);
} else {
  const [{ found, users, busy }, hot, { library }] = [await profile(), await readHotFunctions(), await readParts()];
  const fixed = new Set([...hot, ...library, ...BALANCED]);
  const added = worthAdding(new Map([...found].filter(([name]) => !fixed.has(name))), Number(values.bytes));
  const gone = hot.filter((name) => !BALANCED.has(name) && (found.get(name)?.share ?? Infinity) < WORTH_KEEPING);
  console.log(`new: ${added.join(" ") || "none"}\ngone: ${gone.join(" ") || "none"}`);
  if (!values["dry-run"]) {
    const order = [...users].sort(([, a], [, b]) => b - a).map(([name]) => name);
    await writeRequestFunctions(order, ORDER_COMMENT);
    await writeBusyFunctions([...busy], BUSY_COMMENT);
    await writeBranches(await profileBranches(), BRANCHES_COMMENT);
    await writeHotFunctions([...hot.filter((name) => !gone.includes(name)), ...added], COMMENT);
  }
}
