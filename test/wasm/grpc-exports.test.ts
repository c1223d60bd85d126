import { expect, test } from "vitest";

import { buildFilter } from "../../build/pipeline.ts";
import { readModule } from "../../build/wasm/module.ts";
import { tempProject } from "../temp-project.ts";

test("a module has the callbacks that its filter needs, and a filter without gRPC has none of it", async () => {
  await using project = await tempProject({
    "filter.ts": `import { defineFilter } from "proxy-wasm-ts";\nexport default defineFilter({ onRequestHeaders() {} });`,
  });
  const grpcOf = async (entry: string) => {
    const { wasm } = await buildFilter({ entry, outfile: project.path("filter.wasm"), typecheck: false });
    const { exports, imports } = readModule(wasm);
    return [...exports, ...imports].map(({ name }) => name).filter((name) => /grpc|get_status/.test(name));
  };
  const unary = await grpcOf("test/filters/grpc.ts");
  expect(unary).toContain("proxy_on_grpc_close");
  expect(unary).not.toContain("proxy_on_grpc_receive_initial_metadata");
  expect(await grpcOf("test/filters/grpc-streams.ts")).toContain("proxy_on_grpc_receive_initial_metadata");
  expect(await grpcOf(project.path("filter.ts"))).toEqual([]);
});
