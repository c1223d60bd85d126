import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Child } from "../../scripts/child.ts";
import { goTool } from "../../scripts/go-tools.ts";
import { NODE, REGISTRY } from "./network.ts";
import { answers, startProgram } from "./program.ts";
import type { Folders } from "./program.ts";

/** A registry without encryption: agents, and oras, speak HTTP with one on their own machine. */
export async function startRegistry(folders: Folders): Promise<Child> {
  const folder = join(folders.state, "registry");
  await mkdir(folder);
  const config = {
    version: "0.1",
    storage: { filesystem: { rootdirectory: join(folder, "files") } },
    http: { addr: `${NODE}:${new URL(`http://${REGISTRY}`).port}` },
  };
  // JSON is YAML as well.
  await writeFile(join(folder, "config.yaml"), JSON.stringify(config));
  return startProgram(folders, await goTool("registry"), ["serve", join(folder, "config.yaml")], {
    name: "registry",
    cwd: folder,
    isReady: () => answers(`http://${REGISTRY}/v2/`),
  });
}
