/** `proxy-wasm-ts push` and `make container.push`, with the real oras and real registries. */

import { createServer, request as httpRequest } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { packageRoot } from "../../build/package-root.ts";
import { goTool } from "../../scripts/go-tools.ts";
import { run } from "../run-node.ts";
import { tempProject } from "../temp-project.ts";
import type { TempProject } from "../temp-project.ts";
import { makeCertificates } from "./certificates.ts";
import type { Certificates } from "./certificates.ts";
import { cli } from "./cli.ts";
import { smallModule } from "./modules.ts";
import { digestOf, PASSWORD, startRegistry, tagsOf, USERNAME } from "./registry.ts";
import type { Registry } from "./registry.ts";

/** Cold, oras and the registry are built. */
const BUILD_MS = 600_000;

let project: TempProject;
let certificates: Certificates;
let registry: Registry;
let secured: Registry;
let module: string;

beforeAll(async () => {
  await Promise.all([goTool("oras"), goTool("registry")]);
  project = await tempProject({});
  module = project.path("filter.wasm");
  await writeFile(module, smallModule());
  await writeFile(project.path("other.wasm"), smallModule(1));
  certificates = await makeCertificates();
  registry = await startRegistry();
  secured = await startRegistry({ tls: certificates, login: true });
}, BUILD_MS);

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await secured[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

describe("a registry with plain HTTP", () => {
  test.each(["compat", "artifact", "docker"])("takes the format %s, and its digest is printed", async (format) => {
    const image = `${registry.host}/team/${format}:v1`;
    const pushed = await cli(["push", image, module, "--plain-http", "--format", format]);
    const digest = await digestOf(registry, `team/${format}`, "v1");
    expect(pushed, pushed.stderr).toMatchObject({
      status: 0,
      stdout: `${registry.host}/team/${format}@${String(digest)}\n`,
    });
    expect(pushed.stderr).toMatch(/^pushed .*filter\.wasm to \S+:v1 \(\w+, \d+ bytes\)\. Pin it by its digest:\n$/);
    if (format !== "docker") {
      const made = await cli(["image", module, "-o", project.path(`layout-${format}`), "--format", format]);
      expect(made.stdout).toContain(`digest: ${String(digest)}`);
    }
  });

  test("localhost needs no --plain-http, as with oras itself", async () => {
    const image = `${registry.host.replace("127.0.0.1", "localhost")}/local:v1`;
    expect(await cli(["push", image, module])).toMatchObject({ status: 0 });
    expect(await tagsOf(registry, "local")).toEqual(["v1"]);
  });

  test(
    "make container.push builds the filter and pushes it",
    async () => {
      const image = `${registry.host}/made:v1`;
      const made = await run(
        "env",
        [`ORAS=${await goTool("oras")}`, "make", "container.push", `IMAGE=${image}`, "PUSH_OPTIONS=--plain-http"],
        packageRoot,
      );
      expect(made, made.stdout + made.stderr).toMatchObject({ status: 0 });
      expect(made.stdout).toContain(`${registry.host}/made@${String(await digestOf(registry, "made", "v1"))}\n`);
    },
    BUILD_MS,
  );

  test("oras pull of an artifact brings back the module", async () => {
    const pull = ["pull", "--plain-http", `${registry.host}/team/artifact:v1`, "-o", project.path("pulled")];
    expect(await run(await goTool("oras"), pull, project.path(""))).toMatchObject({ status: 0 });
    expect(Buffer.compare(await readFile(project.path("pulled/plugin.wasm")), smallModule())).toBe(0);
  });
});

describe("a registry with TLS and a password", () => {
  const image = () => `${secured.host}/team/filter:v1`;

  test("the password comes from standard input", async () => {
    const args = ["push", image(), module, "--ca-file", certificates.authority, "--username", USERNAME];
    const pushed = await cli([...args, "--password-stdin"], { stdin: `${PASSWORD}\n` });
    expect(pushed, pushed.stderr).toMatchObject({ status: 0 });
    expect(pushed.stdout).toMatch(/^127\.0\.0\.1:\d+\/team\/filter@sha256:[0-9a-f]{64}\n$/);
  });

  test("what oras login knows is used, from where Docker keeps it or from another file", async () => {
    const file = project.path("docker/config.json");
    const login = ["login", secured.host, "--ca-file", certificates.authority, "-u", USERNAME, "-p", PASSWORD];
    const oras = await goTool("oras");
    expect(await run(oras, [...login, "--registry-config", file], project.path(""))).toMatchObject({ status: 0 });
    const args = ["push", image(), module, "--ca-file", certificates.authority];
    expect(await cli([...args, "--registry-config", file])).toMatchObject({ status: 0 });
    expect(await cli(args, { env: { DOCKER_CONFIG: project.path("docker") } })).toMatchObject({ status: 0 });
  });

  test("--insecure does not look at the certificate", async () => {
    const args = ["push", image(), module, "--insecure", "--username", USERNAME, "--password-stdin"];
    expect(await cli(args, { stdin: PASSWORD })).toMatchObject({ status: 0 });
  });

  test.each([
    [
      "a wrong password",
      ["--username", USERNAME, "--password-stdin"],
      "open pumpkin",
      /does not accept the password of "alice"/,
    ],
    [
      "no login",
      [],
      "",
      /wants a login that it does not get\. Run "oras login 127\.0\.0\.1:\d+", or add --username NAME/,
    ],
  ])("%s", async (_what, options, stdin, message) => {
    const env = { DOCKER_CONFIG: project.path("nothing") };
    const args = ["push", image().replace("v1", "v2"), module, "--ca-file", certificates.authority, ...options];
    const { status, stdout, stderr } = await cli(args, { stdin, env });
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^cannot push 127\.0\.0\.1:\d+\/team\/filter:v2: the registry /);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("pumpkin");
  });

  test("a certificate that nobody knows", async () => {
    const { status, stderr } = await cli(["push", image(), module]);
    expect(status).toBe(1);
    expect(stderr).toContain("signed by nobody that this machine knows. Name its authority with --ca-file FILE.pem.");
  });

  test("--plain-http, where there is TLS", async () => {
    const { status, stderr } = await cli(["push", image(), module, "--plain-http"]);
    expect(status).toBe(1);
    expect(stderr).toContain("the registry speaks HTTPS, as it seems. Leave out --plain-http.");
  });
});

describe("what cannot be pushed", () => {
  test("plain HTTP, where TLS is expected", async () => {
    const { status, stderr } = await cli(["push", `${registry.host}/plain:v1`, module]);
    expect(status).toBe(1);
    expect(stderr).toContain("the registry speaks plain HTTP. Add --plain-http");
  });

  test("nothing listens there", async () => {
    const { status, stdout, stderr } = await cli(["push", "127.0.0.1:1/filter:v1", module]);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^cannot push 127\.0\.0\.1:1\/filter:v1: nothing listens at 127\.0\.0\.1:1: the connection was refused\./,
    );
  });

  test("a registry that is read-only", async () => {
    await using mirror = await startRegistry({ readOnly: true });
    const { status, stderr } = await cli(["push", `${mirror.host}/filter:v1`, module, "--plain-http"]);
    expect(status).toBe(1);
    expect(stderr).toContain("the registry takes nothing: it is read-only, or a mirror.");
    expect(await tagsOf(mirror, "filter")).toEqual([]);
  });

  test("no oras, another program of that name, and one that is too old", async () => {
    const args = ["push", `${registry.host}/filter:v1`, module];
    const none = await cli(args, { env: { ORAS: "", PATH: project.path("") } });
    expect(none.status).toBe(1);
    expect(none.stderr).toMatch(
      /^there is no oras on the PATH, .* Get it with "go install oras\.land\/oras\/cmd\/oras@v\d\.\d+\.\d+".*not from npm/,
    );
    const fake = project.path("oras");
    for (const [text, message] of [
      ["hello", "is another program of that name"],
      ["Version: 0.12.0", "is of version 0.12"],
    ] as const) {
      await writeFile(fake, `#!/bin/sh\necho "${text}"\n`);
      await chmod(fake, 0o755);
      const { status, stderr } = await cli([...args, "--oras", fake]);
      expect(status).toBe(1);
      expect(stderr).toContain(`${message}; this needs oras 1.1 or newer.`);
    }
  });
});

/** Stands before a registry, and refuses what matches. */
async function refusingProxy(target: Registry, refuses: (method: string, url: string) => boolean) {
  const server: Server = createServer((incoming, outgoing) => {
    const { method = "", url = "" } = incoming;
    if (refuses(method, url)) {
      incoming.resume();
      outgoing.writeHead(403, { "content-type": "application/json" });
      outgoing.end(`{"errors":[{"code":"DENIED","message":"quota exceeded"}]}`);
      return;
    }
    const [hostname = "", port = ""] = target.host.split(":");
    const options = { hostname, port, method, path: url, headers: incoming.headers };
    incoming.pipe(
      httpRequest(options, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) =>
        server.close(() => {
          resolve();
        }),
      ),
  };
}

describe("a push that fails half-way", () => {
  const isManifest = (method: string, url: string) => method === "PUT" && url.includes("/manifests/");
  const isBlob = (method: string, url: string) => method === "PUT" && url.includes("/blobs/");

  test.each([
    ["when the manifest is refused", isManifest],
    ["when a blob is refused", isBlob],
  ])("leaves no tag, %s", async (what, refuses) => {
    const repository = `half/${createHash("sha256").update(what).digest("hex").slice(0, 8)}`;
    await using proxy = await refusingProxy(registry, refuses);
    const { status, stdout, stderr } = await cli(["push", `${proxy.host}/${repository}:v1`, module, "--plain-http"]);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("the registry does not let this login write there.");
    expect(stderr).toContain("quota exceeded");
    expect(await tagsOf(registry, repository)).toEqual([]);
  });

  test("leaves the tag of the image before", async () => {
    expect(await cli(["push", `${registry.host}/moved:v1`, module, "--plain-http"])).toMatchObject({ status: 0 });
    const before = await digestOf(registry, "moved", "v1");
    await using proxy = await refusingProxy(registry, isBlob);
    const other = ["push", `${proxy.host}/moved:v1`, project.path("other.wasm"), "--plain-http"];
    expect(await cli(other)).toMatchObject({ status: 1 });
    expect(await digestOf(registry, "moved", "v1")).toBe(before);
    expect(await cli(["push", `${registry.host}/moved:v1`, project.path("other.wasm"), "--plain-http"])).toMatchObject({
      status: 0,
    });
    expect(await digestOf(registry, "moved", "v1")).not.toBe(before);
  });
});
