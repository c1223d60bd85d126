import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { typeUrl } from "../../build/envoy/bootstrap.ts";
import { PEERS_FOLDER } from "../folders.ts";
import type { Code, FilterName } from "../modules.ts";

/** Envoy compiles the source itself, for each worker. */
export async function luaFilter(filter: FilterName): Promise<Code> {
  const source = await readFile(join(PEERS_FOLDER, "lua", `${filter}.lua`), "utf8");
  const lua = {
    name: "envoy.filters.http.lua",
    typed_config: {
      "@type": typeUrl("envoy.extensions.filters.http.lua.v3.Lua"),
      default_source_code: { inline_string: source },
    },
  };
  return { kind: "envoy", httpFilters: [lua], source };
}
