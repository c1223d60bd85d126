/** docs/DEPLOY.md: the log lines that it quotes are those that tests see, and its commands work. */

import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { ENVOY_ERRORS } from "../envoy/quotes.ts";
import { FETCH_ERRORS } from "../images/quotes.ts";
import { MESH_LOGS } from "../mesh/quotes.ts";
import { runCommand } from "../run-command.ts";

const text = await readFile("docs/DEPLOY.md", "utf8");
/** Without what npm run test:mesh sees. */
const [page, troubles = ""] = text.replace(/<!-- mesh[^]*?<!-- \/mesh -->/, "").split("## My plugin does nothing");

/** The code in one column of a table. */
function column(table: string, index: number): string[] {
  const rows = [...table.matchAll(/^\|(.*)\|$/gm)].map(([, row = ""]) => row.split("|").map((cell) => cell.trim()));
  return rows.flatMap((cells) => /^`(.*)`$/.exec(cells[index] ?? "")?.[1] ?? []);
}

test("each quoted log line is seen in a test, and each that is seen is quoted", () => {
  const [fetching = "", running = ""] = troubles.split("\nWith the module there");
  expect(column(fetching, 0).sort()).toEqual(Object.values(FETCH_ERRORS).sort());
  expect(column(running, 1).sort()).toEqual(Object.values(ENVOY_ERRORS).sort());
});

test("what the tests of the mesh see is quoted", () => {
  const [walkThrough = "", rows = ""] = [/^## The walk-through\n[^]*?^## /m, /<!-- mesh[^]*?<!-- \/mesh -->/].map(
    (part) => part.exec(text)?.[0],
  );
  expect(Object.values(MESH_LOGS).filter((line) => !`${walkThrough}${rows}${troubles}`.includes(line))).toEqual([]);
});

const commands = [...text.matchAll(/^ {4}npx proxy-wasm-ts (manifest .*)$/gm)].map(([, line = ""]) =>
  line.replace(/ [>|] .*$/, "").replaceAll("$HOST", "registry.example.com"),
);

test.each(commands)("proxy-wasm-ts %s", async (command) => {
  const { status, stderr } = await runCommand(command.split(" "));
  expect([status, stderr]).toEqual([0, ""]);
});

test("it has a command for each kind, and the options that it names are there", async () => {
  const kinds = ["wasmplugin", "trafficextension", "envoyfilter", "envoy-gateway", "envoy"];
  expect(new Set(commands.map((command) => /--for (\S+)/.exec(command)?.[1]))).toEqual(new Set(kinds));
  const helps = await Promise.all(["push", "image", "manifest"].map((name) => runCommand([name, "--help"])));
  const known = helps.map(({ stdout }) => stdout).join("\n");
  for (const line of `${String(page)}${troubles}`.matchAll(/npx proxy-wasm-ts (?:push|image|manifest) (.*)/g)) {
    for (const [option] of (line[1] ?? "").replace(/[>|].*/, "").matchAll(/--[a-z][a-z-]+/g)) {
      expect(known).toContain(option);
    }
  }
});

test("the version of oras that is told to install is the one of the tests", async () => {
  const modules = await readFile("scripts/go-tools/go.mod", "utf8");
  const [, version = ""] = /oras\.land\/oras (v\S+)/.exec(modules) ?? [];
  expect(text).toContain(`go install oras.land/oras/cmd/oras@${version}`);
  expect(await readFile("build/image/oras.ts", "utf8")).toContain(`"go install oras.land/oras/cmd/oras@${version}"`);
});
