import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** An authority that nobody knows, and the certificate that it has signed for this machine's own addresses. Files in PEM. */
export interface Certificates extends AsyncDisposable {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** @throws Error when there is no openssl */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), "proxy-wasm-ts-tls-"));
  const file = (name: string) => join(folder, name);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  await openssl(["req", "-x509", ...key, "-keyout", file("ca.key"), "-out", file("ca.pem"), "-subj", "/CN=authority"]);
  const names = ["-subj", "/CN=registry", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  const signed = ["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-addext", "basicConstraints=critical,CA:false"];
  await openssl(["req", "-x509", ...key, ...names, ...signed, "-keyout", file("key.pem"), "-out", file("cert.pem")]);
  return {
    authority: file("ca.pem"),
    certificate: file("cert.pem"),
    key: file("key.pem"),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function openssl(args: readonly string[]): Promise<void> {
  await run("openssl", [...args]).catch((cause: unknown) => {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw new Error(missing ? "there is no openssl 3: install it (Debian: apt install openssl)" : String(cause), {
      cause,
    });
  });
}
