/** What the tests put into the mesh's registry. */

import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { promisify } from "node:util";

import { goTool } from "../../scripts/go-tools.ts";
import { runCommand } from "../run-command.ts";
import { tempProject } from "../temp-project.ts";
import { REGISTRY } from "./network.ts";

const run = promisify(execFile);

const MODULE = "dist/filter.wasm";
const ARTIFACT_CONFIG = "application/vnd.module.wasm.config.v1+json";
const ARTIFACT_LAYER = "application/vnd.module.wasm.content.layer.v1+wasm";

/** `make container.push IMAGE=...`: builds the jump filter and pushes it. @returns the name with the digest that it prints */
export async function makeContainerPush(image: string): Promise<string> {
  const env = { ...process.env, ORAS: await goTool("oras") };
  const { stdout } = await run("make", ["container.push", `IMAGE=${image}`], { env });
  return stdout.trimEnd().split("\n").at(-1) ?? "";
}

/**
 * Pushes a module.
 *
 * @param image - NAME:TAG in the mesh's registry
 * @returns NAME@sha256:DIGEST
 */
export async function pushModule(image: string, wasm = MODULE): Promise<string> {
  const args = ["push", `${REGISTRY}/${image}`, wasm, "--oras", await goTool("oras")];
  const { status, stdout, stderr } = await runCommand(args);
  if (status !== 0) {
    throw new Error(`push failed with ${status}: ${stderr}`);
  }
  return stdout.trim().slice(REGISTRY.length + 1);
}

/** Pushes any text as if it were a module, which `proxy-wasm-ts push` would refuse. */
export async function pushText(image: string, text: string): Promise<void> {
  await using files = await tempProject({ "config.json": "{}", "module.wasm": text });
  const layers = [`config.json:${ARTIFACT_CONFIG}`, `module.wasm:${ARTIFACT_LAYER}`];
  await run(await goTool("oras"), ["push", `${REGISTRY}/${image}`, ...layers], {
    cwd: dirname(files.path("module.wasm")),
  });
}
