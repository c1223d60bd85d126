import { buildFilter } from "../../build/pipeline.ts";
import { readModule } from "../../build/wasm/module.ts";
import { TestHost } from "../host/index.ts";
import { tempProject } from "../temp-project.ts";

/** What a hook with this body logs, in a module built with these options. @param options - `limits`: the filter's, as its code has them */
export async function logOf(
  body: string,
  { top = "", limits = "", ...options }: { keepBuiltins?: boolean; top?: string; limits?: string } = {},
) {
  const text = `import { defineFilter, hash } from "proxy-wasm-ts";
    ${top}
    export default defineFilter({
      ${limits === "" ? "" : `limits: ${limits},`}
      onRequestHeaders(request, { log }) {
        try { ${body} } catch (error) { log.warn(String(error)); }
      },
    });`;
  await using project = await tempProject({ "filter.ts": text });
  const outfile = project.path("out.wasm");
  const { wasm } = await buildFilter({ entry: project.path("filter.ts"), outfile, typecheck: false, ...options });
  await using host = await TestHost.load(wasm, { upstream: () => new Response("") });
  await host.fetch("http://a/");
  return {
    lines: host.logs.map(({ message }) => message),
    bytes: wasm.length,
    /** Of linear memory at start. */
    pages: readModule(wasm).memories[0]?.minimum,
  };
}
