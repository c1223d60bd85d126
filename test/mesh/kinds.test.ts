/** The kinds of manifests besides WasmPlugin that Istio has for a plugin. */

import { expect, test } from "vitest";

import { jumpFilter, pushModule } from "./images.ts";
import { Log, requestUntil, runKubectl } from "./mesh.ts";
import { testPlugin, hasMark } from "./plugin.ts";

test.each(["trafficextension", "envoyfilter"] as const)("%s: the plugin runs, and goes again", async (kind) => {
  const image = `${kind}:v1`;
  await pushModule(image, await jumpFilter());
  const istiod = await Log.follow("istiod");
  const gateway = await Log.follow("gateway");
  {
    await using plugin = await testPlugin();
    await plugin.apply({ kind, image });
    await istiod.waitFor(new RegExp(`Push debounce stable\\[\\d+\\] \\d+ for config \\w+/istio-system/${kind}: `));
    await gateway.waitFor(new RegExp(`fetching image ${kind} from registry localhost:5000 with tag v1`));
    await requestUntil(hasMark("200"), "one of the plugin");
  }
  expect(await runKubectl("-n", "istio-system", "get", kind)).toBe("");
});
