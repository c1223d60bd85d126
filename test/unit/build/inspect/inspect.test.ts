import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import { inspect } from "../../../../build/inspect/report.ts";
import type { Report } from "../../../../build/inspect/report.ts";
import { concat } from "../../../../build/wasm/encode.ts";
import { encodeProducers } from "../../../../build/wasm/producers.ts";
import { runNode } from "../../../run-node.ts";
import { tempProject } from "../../../temp-project.ts";
import { assemble } from "../../../wasm-text.ts";

const CLI = fileURLToPath(new URL("../../../../build/cli.ts", import.meta.url));

const moduleOf = (text: string) => assemble(`(module ${text})`);

async function inspectBytes(bytes: Uint8Array): Promise<Report> {
  await using project = await tempProject({});
  await writeFile(project.path("module.wasm"), bytes);
  return await inspect(project.path("module.wasm"));
}

const MEMORY = `(memory (export "memory") 2 3)`;
const ALLOCATE = `(func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 0))`;
const ABI_0_2_0 = `(func (export "proxy_abi_version_0_2_0"))`;

const onRequestHeaders = `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))`;
const onNewConnection = `(func (export "proxy_on_new_connection") (param i32) (result i32) (i32.const 0))`;

describe("a module of another toolchain", () => {
  test("has its hooks, host calls, sections, largest functions, memory and tools told", async () => {
    const module = moduleOf(`
      (import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
      (import "env" "emscripten_notify_memory_growth" (func (param i32)))
      ${MEMORY} ${ALLOCATE} ${ABI_0_2_0} ${onRequestHeaders}
      (func (export "large") (param i32) (result i32)
        (i32.mul (i32.add (local.get 0) (i32.const 1)) (i32.add (local.get 0) (i32.const 1))))
      (data (i32.const 10) "hello")`);
    const report = await inspectBytes(
      concat([module, encodeProducers({ language: { Go: "go1.26" }, "processed-by": { clang: "22" } })]),
    );
    expect(report).toMatchObject({
      abi: ["0.2.0"],
      kinds: ["http"],
      hooks: ["proxy_on_memory_allocate", "proxy_on_request_headers"],
      otherExports: ["memory", "proxy_abi_version_0_2_0", "large"],
      imports: [
        { name: "proxy_log", kind: "host call", abi: ["0.1.0", "0.2.0", "0.2.1"] },
        { name: "sched_yield", kind: "WASI", abi: [] },
        { name: "emscripten_notify_memory_growth", kind: "compiler", abi: [] },
      ],
      problems: [],
      producers: { language: { Go: "go1.26" }, "processed-by": { clang: "22" } },
      memory: { initial: 131072, maximum: 196608, data: 5 },
    });
    expect(report.functions[0]).toMatchObject({ name: "large" });
    expect(report.sections.reduce((sum, { bytes }) => sum + bytes, 8)).toBe(report.bytes);
    expect(report.composition).toBeUndefined();
  });

  test.each([
    ["HTTP hooks", onRequestHeaders, ["http"]],
    ["a connection's hooks", onNewConnection, ["network"]],
    ["both", onRequestHeaders + onNewConnection, ["http", "network"]],
    ["an access log alone", `(func (export "proxy_on_log") (param i32))`, ["http"]],
    ["no stream's hook", `(func (export "proxy_on_tick") (param i32))`, ["service"]],
  ])("with %s is of that kind", async (_, hooks, kinds) => {
    expect((await inspectBytes(moduleOf(MEMORY + ALLOCATE + ABI_0_2_0 + hooks))).kinds).toEqual(kinds);
  });
});

describe("a problem", () => {
  test.each([
    [`(import "env" "proxy_teleport" (func))`, "it imports env.proxy_teleport, which no Proxy-Wasm host has to offer"],
    [
      `(import "other" "proxy_log" (func (param i32 i32 i32) (result i32)))`,
      "it imports other.proxy_log, which no Proxy-Wasm host has to offer",
    ],
    [
      `(import "env" "table" (table 1 funcref))`,
      "it imports env.table (a table), which no Proxy-Wasm host has to offer",
    ],
    [
      `(import "env" "proxy_get_log_level" (func (param i32) (result i32)))`,
      "it imports env.proxy_get_log_level, which ABI 0.2.1 has, and not 0.2.0",
    ],
    [
      `(import "env" "proxy_clear_route_cache" (func (result i32)))`,
      "it imports env.proxy_clear_route_cache, which ABI 0.1.0 has, and not 0.2.0",
    ],
    [
      `(import "env" "proxy_log" (func (param i32)))`,
      "it imports env.proxy_log as (i32) -> (); the ABI's is (i32, i32, i32) -> i32",
    ],
  ])("%s", async (imported, problem) => {
    expect((await inspectBytes(moduleOf(imported + MEMORY + ALLOCATE + ABI_0_2_0))).problems).toEqual([problem]);
  });

  test("is a callback with other parameters, and what a host needs and does not find", async () => {
    const { problems } = await inspectBytes(
      moduleOf(`(memory 1) ${ABI_0_2_0} (func (export "proxy_on_delete") (param i64))`),
    );
    expect(problems).toEqual([
      "it exports proxy_on_delete as (i64) -> (); the ABI's is (i32) -> ()",
      "it does not export its memory",
      "it exports neither malloc nor proxy_on_memory_allocate",
    ]);
  });

  test("is a module for something else, whose sections are told all the same", async () => {
    const report = await inspectBytes(moduleOf(`(func (export "add") (param i32))`));
    expect(report.problems).toEqual([
      "it is no Proxy-Wasm module: it exports none of proxy_abi_version_0_1_0, proxy_abi_version_0_2_0, proxy_abi_version_0_2_1",
    ]);
    expect(report.kinds).toEqual([]);
    expect(report.sections.map(({ name }) => name)).toEqual(["type", "function", "export", "code"]);
  });
});

describe("a file that is no module", () => {
  const start = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  test.each([
    ["empty", [], "is no WebAssembly module: it is empty. Name a module: "],
    ["a piece", start.slice(0, 5), "is no WebAssembly module: it ends after 5 bytes"],
    [
      "a text",
      [...Buffer.from("export default 1;\n")],
      "is no WebAssembly module: it is a text, and does not begin with",
    ],
    ["another binary", [0x7f, 0x45, 0x4c, 0x46, 0], "is no WebAssembly module: it does not begin with 00 61 73 6d 01"],
    ["a component", [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0], "it is a component, and Proxy-Wasm hosts load core modules"],
    ["cut off", [...start, 1, 10, 1], "is not a valid WebAssembly module of 11 bytes: unexpected end at byte 11"],
    ["invalid", [...start, 1, 1, 1], "is not a valid WebAssembly module of 11 bytes: "],
  ])("%s", async (_, bytes, message) => {
    await expect(inspectBytes(Uint8Array.from(bytes))).rejects.toThrow(message);
  });

  test("because there is none", async () => {
    await expect(inspect("nowhere.wasm")).rejects.toThrow(
      "cannot read nowhere.wasm: no such file or directory. Name a",
    );
  });
});

describe("the command", () => {
  const run = (args: readonly string[], cwd: string) =>
    runNode(["--import", import.meta.resolve("tsx"), CLI, "inspect", ...args], cwd);

  test("prints for people, and JSON", async () => {
    await using project = await tempProject({});
    await writeFile(project.path("module.wasm"), moduleOf(MEMORY + ALLOCATE + ABI_0_2_0 + onRequestHeaders));
    const { status, stdout } = await run(["module.wasm"], project.path(""));
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^module\.wasm: 1\d\d bytes \(gzip \d+ bytes\)\nProxy-Wasm ABI 0\.2\.0; HTTP filter\n\nhooks:\n/,
    );
    expect(stdout).toContain("\nimports:\n  (none)\n");
    const json = await run(["module.wasm", "--json"], project.path(""));
    expect(JSON.parse(json.stdout)).toMatchObject({ file: "module.wasm", abi: ["0.2.0"], problems: [] });
  });

  test("fails with a message and nothing else", async () => {
    await using project = await tempProject({ "module.wasm": "no" });
    const { status, stdout, stderr } = await run(["module.wasm"], project.path(""));
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^module\.wasm is no WebAssembly module: [^\n]*\n$/);
    expect(await run([], project.path(""))).toMatchObject({ status: 2, stdout: "" });
  });
});
