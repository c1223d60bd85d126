import { buildFilter } from "../../../build/pipeline.ts";
import { tempProject } from "../../temp-project.ts";

/** Builds a filter's text, with no check of its types. */
export async function build(text: string): Promise<Uint8Array> {
  await using project = await tempProject({ "filter.ts": text });
  const entry = project.path("filter.ts");
  return (await buildFilter({ entry, outfile: project.path("filter.wasm"), typecheck: false })).wasm;
}
