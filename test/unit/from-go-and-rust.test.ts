import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { examplesOf } from "../peers/modules.ts";

const folder = fileURLToPath(new URL("../../docs/", import.meta.url));
const page = readFileSync(`${folder}FROM-GO-AND-RUST.md`, "utf8");

test.each(["go", "rust"] as const)(
  "each filter of test/peers/filters/%s is in docs/FROM-GO-AND-RUST.md",
  async (peer) => {
    const names = await examplesOf(peer);
    expect(names.length).toBeGreaterThan(7);
    for (const name of names) {
      expect(page).toContain(`[${name}.ts](../test/peers/filters/${peer}/${name}.ts)`);
      expect(page, "the name that the peer gives it").toContain(`| \`${name.replaceAll("-", "_")}\``);
    }
  },
);

test("all links of the page lead somewhere", () => {
  const links = [...page.matchAll(/\]\((?!https:)([^)]+)\)/g)].map(([, link = ""]) => link);
  expect(links.filter((link) => !existsSync(folder + link))).toEqual([]);
});
