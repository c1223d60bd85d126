import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { TestHost } from "../../test/host/index.ts";
import { meteredGuest, perRequest } from "../meter/guest.ts";
import type { Counts } from "../meter/guest.ts";
import { meter } from "../meter/meter.ts";

/** The filter whose requests name one of its cases each. */
export const FUNCTIONS_FILTER: string = fileURLToPath(new URL("filter.ts", import.meta.url));

/** What one case did, on average. */
export interface CaseCounts {
  readonly name: string;
  readonly answer: string;
  readonly counts: Counts;
}

/** Runs all cases of a built filter. Their names come from the filter's text, since it runs in the module only. */
export async function countCases(module: Uint8Array, requests: number): Promise<CaseCounts[]> {
  const source = await readFile(FUNCTIONS_FILTER, "utf8");
  const names = [...source.matchAll(/^ {2}(?:"([^"]+)"|(nothing)): \(/gm)].map(
    ([, quoted, plain]) => quoted ?? plain ?? "",
  );
  const [, query = ""] = /^const query = "(.*)";$/m.exec(source) ?? [];
  const guest = meteredGuest(meter(module));
  await using host = await TestHost.load(guest.filter);
  const ask = async (name: string) => (await host.fetch(`http://a/${encodeURIComponent(name)}?${query}`)).text();
  const cases: CaseCounts[] = [];
  for (const name of names) {
    const answer = await ask(name);
    const before = guest.counts();
    for (let request = 0; request < requests; request++) {
      await ask(name);
    }
    cases.push({ name, answer, counts: perRequest(before, guest.counts(), requests) });
  }
  return cases;
}
