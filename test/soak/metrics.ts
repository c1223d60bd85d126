import type { Envoy } from "../envoy/envoy.ts";

const PREFIX = "wasmcustom.";

/** The metrics that filters have defined, by their names. */
export async function readMetrics(envoy: Envoy): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(`${envoy.admin}/stats?format=json&filter=${encodeURIComponent(`^${PREFIX}`)}`);
  const { stats } = (await answer.json()) as { readonly stats: readonly { name?: string; value?: number }[] };
  return new Map(stats.map(({ name = "", value = 0 }) => [name.slice(PREFIX.length), value]));
}

/** A counter with the label "kind", by kind. */
export function byKind(metrics: ReadonlyMap<string, number>, counter: string): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const [name, value] of metrics) {
    const [, kind, of] = /^kind=\.=(.*);\.;(\w+)$/.exec(name) ?? [];
    if (kind !== undefined && of === counter) {
      found[kind] = value;
    }
  }
  return found;
}
