import { formatBytes } from "../format.ts";
import type { Composition } from "../wasm/composition.ts";
import type { HostImport } from "./host-interface.ts";
import type { MemoryReport, Report } from "./report.ts";

/** A report for people. */
export function reportText(name: string, report: Report): string {
  const { composition, memory } = report;
  return [
    [`${name}: ${formatBytes(report.bytes)} (gzip ${formatBytes(report.gzipBytes)})`, ...summary(report)].join("\n"),
    list("hooks", report.hooks),
    table("imports", report.imports.map(importRow)),
    ...(composition === undefined ? [] : [sizes("size by part", partsOf(composition, report.bytes), report.bytes)]),
    sizes(
      "size by section",
      report.sections.map((section) => [section.name, section.bytes] as const),
      report.bytes,
    ),
    ...(composition === undefined && report.functions.length > 0 ? [largest(report)] : []),
    ...(memory === undefined ? [] : [table("memory at start", memoryRows(memory, composition))]),
  ].join("\n\n");
}

function summary({ abi, kinds, producers, problems }: Report): string[] {
  const uses = { http: "HTTP filter", network: "network filter", service: "service, without streams" };
  const made = Object.entries(producers).map(
    ([field, values]) =>
      `${field}: ${Object.entries(values)
        .map(([name, version]) => `${name} ${version}`.trim())
        .join(", ")}`,
  );
  return [
    ...(abi.length === 0 ? [] : [`Proxy-Wasm ABI ${abi.join(", ")}; ${kinds.map((kind) => uses[kind]).join(", ")}`]),
    ...made,
    ...problems.map((problem) => `problem: ${problem}`),
  ];
}

function importRow({ module, name, kind, abi }: HostImport): readonly [string, string] {
  const belongs = {
    "host call": `ABI ${abi.join(", ")}`,
    WASI: "WASI",
    compiler: "for compilers; Envoy has it",
    unknown: "UNKNOWN",
  };
  return [module === "env" ? name : `${module}.${name}`, belongs[kind]];
}

function partsOf({ code, data, bytecode }: Composition, whole: number): (readonly [string, number])[] {
  const known = code.engine + code.shim + code.library + data.static + data.heap;
  return [
    ["engine", code.engine],
    ["shim", code.shim],
    ["C library", code.library],
    ["constants and variables of these", data.static],
    [`heap: builtins, SDK and filter (${formatBytes(bytecode)} of bytecode)`, data.heap],
    ["the rest: types, names, tables", whole - known],
  ];
}

function largest({ functions }: Report): string {
  return table(
    "largest functions",
    functions.map(({ index, name, bytes }) => [formatBytes(bytes).padStart(10), shorten(name ?? `function ${index}`)]),
  );
}

function memoryRows(
  { initial, maximum, data }: MemoryReport,
  composition: Composition | undefined,
): (readonly [string, string])[] {
  const limit = maximum === undefined ? "no maximum" : `at most ${formatBytes(maximum)}`;
  const whole = ["memory", `${formatBytes(initial)}, ${limit}`] as const;
  if (composition === undefined) {
    return [whole, ["filled with data", formatBytes(data)]];
  }
  const { heapStart } = composition;
  return [
    whole,
    ["stack, constants and variables", formatBytes(heapStart)],
    ["heap", `${formatBytes(initial - heapStart)}, of which the snapshot fills ${formatBytes(composition.data.heap)}`],
  ];
}

function sizes(title: string, rows: readonly (readonly [string, number])[], whole: number): string {
  const lines = rows.map(
    ([name, bytes]) =>
      `  ${formatBytes(bytes).padStart(10)} ${((100 * bytes) / whole).toFixed(1).padStart(5)} %  ${name}`,
  );
  return [`${title}:`, ...(lines.length === 0 ? ["  (none)"] : lines)].join("\n");
}

function table(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([first]) => first.length));
  return list(
    title,
    rows.map(([first, second]) => `${first.padEnd(width)}  ${second}`),
  );
}

function list(title: string, lines: readonly string[]): string {
  return [`${title}:`, ...(lines.length === 0 ? ["(none)"] : lines).map((line) => `  ${line}`)].join("\n");
}

/** Names of other languages' functions can be very long. */
function shorten(name: string): string {
  return name.length <= 100 ? name : `${name.slice(0, 60)} ... ${name.slice(-35)}`;
}
