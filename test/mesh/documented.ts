/** The section "The walk-through" of docs/DEPLOY.md. */

import { readFile } from "node:fs/promises";

/** Its commands, in their order. */
export async function walkThroughCommands(): Promise<string[]> {
  const [, section = ""] = /^## The walk-through\n([^]*?)^## /m.exec(await readFile("docs/DEPLOY.md", "utf8")) ?? [];
  return [...section.matchAll(/^ {4}((?:kubectl|make|curl) .*)$/gm)].map(([, command = ""]) => command);
}
