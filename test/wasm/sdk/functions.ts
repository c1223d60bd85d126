/** Calls of the SDK's functions in test/filters/functions.ts. */

import { expect } from "vitest";

import { TestHost } from "../../host/index.ts";

export type Outcome = { readonly value: unknown } | { readonly error: string };

/** What a function gives for each list of arguments. */
export async function callAll(
  host: TestHost,
  name: string,
  cases: readonly (readonly unknown[])[],
): Promise<Outcome[]> {
  const answer = await host.fetch("http://a/", { method: "POST", body: JSON.stringify([name, ...cases]) });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Outcome[];
}

/** What the same function in Node gives; of an error only that it is one. */
export function inNode(run: () => unknown): Outcome {
  try {
    return JSON.parse(JSON.stringify({ value: run() })) as Outcome;
  } catch {
    return { error: "" };
  }
}

/** Two functions do the same when both fail, whatever they say. */
export function withoutMessage(outcome: Outcome | undefined): Outcome | undefined {
  return outcome !== undefined && "error" in outcome ? { error: "" } : outcome;
}
