/** What a filter of the benchmark does; see README.md. */
export const FILTERS = ["header", "call", "body", "rewrite", "json", "jump"] as const;
export type FilterName = (typeof FILTERS)[number];

/** What a filter is written with: this SDK, another one, Lua in Envoy, or Envoy's own filters for the same work. */
export const VARIANTS = ["ts", "rust", "go", "assemblyscript", "lua", "envoy"] as const;
export type VariantName = (typeof VARIANTS)[number];

/** How Envoy comes to the filter's code. */
export type Code =
  | { readonly kind: "wasm"; readonly wasm: string }
  /** Filters of Envoy's own, as its configuration has them; `source` is Lua. */
  | { readonly kind: "envoy"; readonly httpFilters: readonly object[]; readonly source?: string };

/** A filter that is measured. */
export interface BenchFilter {
  /** undefined: no filter at all, which all others are compared with. */
  readonly filter: FilterName | undefined;
  /** The variant's name, or the name that the command line gave it. */
  readonly variant: string;
  readonly code: Code;
}

export const NONE: BenchFilter = { filter: undefined, variant: "none", code: { kind: "envoy", httpFilters: [] } };

/** How messages call it, for example "jump-go". */
export function nameOf({ filter, variant }: Pick<BenchFilter, "filter" | "variant">): string {
  return filter === undefined ? variant : `${filter}-${variant}`;
}

/** The plugin configuration of a filter. */
export const CONFIGS: Readonly<Record<FilterName, object | undefined>> = {
  header: undefined,
  call: undefined,
  body: undefined,
  rewrite: undefined,
  json: undefined,
  jump: { cluster: "back-python" },
};

const NO_JUMP = "the jump filter is this project's own; the Rust and Go SDKs stand for the others here";

/** Why a filter is not there in a variant. */
export const ABSENT: Readonly<Partial<Record<VariantName, Readonly<Partial<Record<FilterName, string>>>>>> = {
  assemblyscript: {
    rewrite: "the AssemblyScript SDK has no function that sets a body",
    json: "the AssemblyScript SDK has no function that sets a body",
    jump: NO_JUMP,
  },
  lua: { json: "Envoy's Lua has no JSON library", jump: NO_JUMP },
  envoy: {
    rewrite: "Envoy has no filter of its own that replaces text in a body",
    json: "Envoy has no filter of its own that changes a JSON body",
    jump: NO_JUMP,
  },
};

/** Why there is no such filter; undefined when there is. */
export function absence(filter: FilterName, variant: VariantName): string | undefined {
  return ABSENT[variant]?.[filter];
}
