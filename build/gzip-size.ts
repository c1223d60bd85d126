import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** How large bytes are that `gzip` has packed, as it does by default. */
export async function gzipSize(bytes: Uint8Array): Promise<number> {
  return (await promisify(gzip)(bytes)).length;
}
