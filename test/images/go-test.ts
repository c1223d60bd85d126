import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const FOLDER = fileURLToPath(new URL("istio/", import.meta.url));

/** Cold, all of Istio's agent is built: three minutes on two free cores, and as much longer as others use them. */
export const GO_TEST_MS = 1_500_000;

/** Built for these tests alone, once: no symbols, no cgo. */
const ENVIRONMENT = { CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" };

/**
 * Runs a test of `istio/`, which reads its cases from one file and writes what comes of them to another.
 *
 * @param variables - the names of the variables with these two files
 * @throws Error with what Go says when it fails
 */
export async function goTest<T>(
  name: string,
  [input, output]: readonly [string, string],
  cases: unknown,
  env: Readonly<Record<string, string>> = {},
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "proxy-wasm-ts-go-"));
  const files = { [input]: join(folder, "in.json"), [output]: join(folder, "out.json") };
  try {
    await writeFile(join(folder, "in.json"), JSON.stringify(cases));
    await go(["test", "-vet=off", "-ldflags=-s -w", "-count=1", "-run", `^${name}$`, "."], { ...files, ...env });
    return JSON.parse(await readFile(join(folder, "out.json"), "utf8")) as T;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The folder of a Go module that tests read files of, of the version in `folder`/go.mod. */
export async function goModuleFolder(folder: string, module: string): Promise<string> {
  const cwd = fileURLToPath(new URL(`${folder}/`, import.meta.url));
  const text = await go(["mod", "download", "-json", module], {}, cwd);
  return (JSON.parse(text) as { Dir: string }).Dir;
}

async function go(args: readonly string[], env: Readonly<Record<string, string>>, cwd = FOLDER): Promise<string> {
  try {
    const options = { cwd, env: { ...process.env, ...ENVIRONMENT, ...env }, maxBuffer: 1 << 26 };
    return (await run("go", [...args], options)).stdout;
  } catch (cause) {
    const { code, stdout = "", stderr = "" } = cause as { code?: unknown; stdout?: string; stderr?: string };
    throw new Error(
      code === "ENOENT"
        ? "there is no go: install Go 1.26 or newer (its download page, or your distribution's package)"
        : `go ${args.join(" ")}: ${stdout}${stderr}`,
      { cause },
    );
  }
}
