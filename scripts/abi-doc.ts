/** Writes docs/ABI.md: `npx tsx scripts/abi-doc.ts`. A test fails when it is not what this makes. */

import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { format, resolveConfig } from "prettier";

import { CALLBACK_ROWS, HOST_CALL_ROWS } from "./abi-table.ts";
import type { AbiRow } from "./abi-table.ts";

const FILE = fileURLToPath(new URL("../docs/ABI.md", import.meta.url));

/** The text of docs/ABI.md, formatted as the repository's other files are. */
export async function abiDoc(): Promise<string> {
  const text = `# Proxy-Wasm ABI 0.2.1

Each host call and callback of the [specification](https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1), what stands for it in
the SDK, and tests that show it at work. The raw host calls are in \`proxy-wasm-ts/hostcalls\` under these names. This page is made by
\`scripts/abi-doc.ts\` of \`scripts/abi-table.ts\`.

## Host calls

${table("host call", HOST_CALL_ROWS)}

## Callbacks

${table("callback", CALLBACK_ROWS)}
`;
  return format(text, { ...(await resolveConfig(FILE)), parser: "markdown" });
}

function table(of: string, rows: Readonly<Record<string, AbiRow>>): string {
  const lines = Object.entries(rows).map(([name, { sdk, tests }]) => {
    const files = Object.keys(tests).map((file) => `[${file}](../${file})`);
    return `| \`${name}\` | ${sdk} | ${files.join(", ")} |`;
  });
  return [`| ${of} | SDK | tests |`, "| --- | --- | --- |", ...lines].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(FILE, await abiDoc());
}
