/** What the tests put into the mesh's registry. */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

import { pushImage } from "../../build/image/oras.ts";
import { packImage } from "../../build/image/pack.ts";
import { parseTag } from "../../build/image/reference.ts";
import { goTool } from "../../scripts/go-tools.ts";
import { REGISTRY } from "./network.ts";

const run = promisify(execFile);

/** `make` in the project's folder, with its oras. @returns what it prints to its standard output */
export async function make(...args: string[]): Promise<string> {
  const { stdout } = await run("make", args, { env: { ...process.env, ORAS: await goTool("oras") } });
  return stdout;
}

/** The jump filter, which `npm run test:mesh` has built. */
export function jumpFilter(): Promise<Uint8Array> {
  return readFile("dist/filter.wasm");
}

/**
 * Pushes a module, or what is none: unlike the command, it does not look.
 *
 * @param image - NAME:TAG in the mesh's registry
 * @returns NAME@sha256:DIGEST
 */
export async function pushModule(image: string, wasm: Uint8Array): Promise<string> {
  const packed = await packImage("compat", { wasm, abi: [], annotations: {} });
  const target = parseTag(`${REGISTRY}/${image}`);
  const digest = await pushImage(packed, target, {
    plainHttp: true,
    insecure: false,
    caFile: undefined,
    login: undefined,
    registryConfig: undefined,
    oras: await goTool("oras"),
  });
  return `${target.repository}@${digest}`;
}
