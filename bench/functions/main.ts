/**
 * What the SDK's functions cost: WebAssembly instructions, beside the same in JavaScript. `npx tsx bench/functions/main.ts`.
 * The filter's names come from its text, since it runs in the module only.
 */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { TestHost } from "../../test/host/index.ts";
import { meteredGuest, perRequest, total } from "../meter/guest.ts";
import { meter } from "../meter/meter.ts";
import { buildEntry } from "../meter/run.ts";

const REQUESTS = 20;
const filter = fileURLToPath(new URL("filter.ts", import.meta.url));

const source = await readFile(filter, "utf8");
const names = [...source.matchAll(/^ {2}(?:"([^"]+)"|(nothing)): \(/gm)].map(
  ([, quoted, plain]) => quoted ?? plain ?? "",
);
const [, query = ""] = /^const query = "(.*)";$/m.exec(source) ?? [];
const guest = meteredGuest(meter(await buildEntry(filter)));
await using host = await TestHost.load(guest.filter);
let base = 0;
for (const name of names) {
  const ask = async () => (await host.fetch(`http://a/${encodeURIComponent(name)}?${query}`)).text();
  const answer = await ask();
  const before = guest.counts();
  for (let request = 0; request < REQUESTS; request++) {
    await ask();
  }
  const count = total(perRequest(before, guest.counts(), REQUESTS).instructions);
  base = name === "nothing" ? count : base;
  console.log(`${String(Math.round(count - base)).padStart(10)}  ${name}: ${answer.slice(0, 24)}`);
}
