/** What the SDK's functions cost: WebAssembly instructions, beside the same in JavaScript. `npx tsx bench/functions/main.ts`. */

import { total } from "../meter/guest.ts";
import { buildEntry } from "../meter/run.ts";
import { countCases, FUNCTIONS_FILTER } from "./cases.ts";

const REQUESTS = 20;

let base = 0;
for (const { name, answer, counts } of await countCases(await buildEntry(FUNCTIONS_FILTER), REQUESTS)) {
  const count = total(counts.instructions);
  base = name === "nothing" ? count : base;
  console.log(`${String(Math.round(count - base)).padStart(10)}  ${name}: ${answer.slice(0, 24)}`);
}
