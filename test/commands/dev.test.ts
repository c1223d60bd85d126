/** `proxy-wasm-ts dev` as a user runs it: a process of its own, files that are edited, and a real upstream. */

import { mkdir, rename, rm, unlink, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath, pathToFileURL } from "node:url";

import { describe, expect, test } from "vitest";

import { startChild } from "../../scripts/child.ts";
import type { Child } from "../../scripts/child.ts";
import { deadOrigin, startUpstream } from "../envoy/upstream.ts";
import { runCommand } from "../run-command.ts";
import { runNode } from "../run-node.ts";
import { tempProject } from "../temp-project.ts";

const CLI = fileURLToPath(new URL("../../build/cli.ts", import.meta.url));
const NODE = ["--import", import.meta.resolve("tsx"), CLI, "dev", "filter.ts", "--port", "0"];
const PATIENCE = { timeout: 20_000, interval: 20 };

interface Dev extends Child {
  readonly url: string;
}

async function startDev(cwd: string, args: readonly string[] = ["--no-typecheck"]): Promise<Dev> {
  const child = await startChild(process.execPath, [...NODE, ...args], { name: "dev", cwd });
  const [, url = ""] = await child.waitFor(/^(http:\S+) -> filter\.ts/m, 30_000);
  return { ...child, url };
}

/** A filter that tells its version in each response, in code that runs when the response comes back. */
const versionFilter = (version: string) => `import { defineFilter } from "proxy-wasm-ts";
export default defineFilter({
  onResponseHeaders(response) { response.headers.set("x-version", ${version}); },
});
`;

const versionAt = async (url: string) => (await fetch(url)).headers.get("x-version");

test("a save swaps the filter for new requests, and a running one ends with the old", async () => {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await using upstream = await startUpstream(async ({ path }, response) => {
    if (path === "/slow") {
      await released;
    }
    response.end("hello");
  });
  await using project = await tempProject({ "filter.ts": versionFilter(`"one"`) });
  await using dev = await startDev(project.path(""), ["--no-typecheck", "--upstream", upstream.url]);
  expect(await versionAt(dev.url)).toBe("one");

  const slow = fetch(`${dev.url}/slow`);
  await expect.poll(() => upstream.requests.map(({ path }) => path), PATIENCE).toContain("/slow");
  await writeFile(project.path("filter.ts"), versionFilter(`"two"`));
  await expect.poll(() => versionAt(dev.url), PATIENCE).toBe("two");
  await writeFile(project.path("filter.ts"), versionFilter(`"three"`));
  await expect.poll(() => versionAt(dev.url), PATIENCE).toBe("three");
  release();
  const response = await slow;
  expect([response.headers.get("x-version"), await response.text()]).toEqual(["one", "hello"]);
  await dev.waitFor(/^GET \/slow 200 in \d+ ms, filter \d+\.\d ms$/m, 5000);
  expect(dev.output()).toMatch(/^filter\.ts serves after \d+ ms \(filter\.ts changed\)$/m);
});

test("everything that the filter is made of is watched, however it is saved", async () => {
  await using project = await tempProject({
    "filter.ts": `import { a } from "./lib/a.js";
import { b } from "@lib/b";
import data from "./data.json";
${versionFilter("a + b + data.c")}`,
    "lib/a.ts": `export const a = "a1 ";\n`,
    "lib/b.ts": `export const b = "b1 ";\n`,
    "other/b.ts": `export const b = "b2 ";\n`,
    "data.json": `{ "c": "c1" }`,
    "tsconfig.json": `{ "extends": "./settings/base" }`,
    "settings/base.json": `{ "compilerOptions": { "paths": { "@lib/*": ["../lib/*"] } } }`,
  });
  await using dev = await startDev(project.path(""));
  const version = () => versionAt(dev.url);
  expect(await version()).toBe("a1 b1 c1");

  // As vim and most editors do: the new text is written beside, and takes the name.
  await writeFile(project.path("lib/a.ts~"), `export const a = "a2 ";\n`);
  await rename(project.path("lib/a.ts~"), project.path("lib/a.ts"));
  await expect.poll(version, PATIENCE).toBe("a2 b1 c1");
  // As vim does, too: the old file goes first.
  await rename(project.path("lib/a.ts"), project.path("lib/a.ts~"));
  await writeFile(project.path("lib/a.ts"), `export const a = "a3 ";\n`);
  await expect.poll(version, PATIENCE).toBe("a3 b1 c1");
  // A file that is older than what it replaces.
  await writeFile(project.path("old.json"), `{ "c": "c2" }`);
  await utimes(project.path("old.json"), 1_500_000_000, 1_500_000_000);
  await rename(project.path("old.json"), project.path("data.json"));
  await expect.poll(version, PATIENCE).toBe("a3 b1 c2");
  const paths = (folder: string) => JSON.stringify({ compilerOptions: { paths: { "@lib/*": [`${folder}/*`] } } });
  await writeFile(project.path("settings/base.json"), paths("../other"));
  await expect.poll(version, PATIENCE).toBe("a3 b2 c2");
  await writeFile(project.path("tsconfig.json"), paths("./lib"));
  await expect.poll(version, PATIENCE).toBe("a3 b1 c2");
  // Fast saves: the last one counts.
  for (let at = 0; at < 20; at++) {
    await writeFile(project.path("lib/a.ts"), `export const a = "fast${at} ";\n`);
    await new Promise((resolve) => setTimeout(resolve, at * 3));
  }
  await expect.poll(version, PATIENCE).toBe("fast19 b1 c2");
});

test("what cannot be built is told with its place, and the last filter goes on", async () => {
  const good = versionFilter(`"good"`);
  await using project = await tempProject({ "filter.ts": good });
  await using dev = await startDev(project.path(""));
  await writeFile(project.path("filter.ts"), `${good}const a b;\n`);
  await dev.waitFor(
    /^filter\.ts:5:9 - error: Expected ";" but found "b"\n\n5 const a b;\n {10}~\nThe last filter that worked goes on serving\.$/m,
    5000,
  );
  expect(await versionAt(dev.url)).toBe("good");

  await writeFile(
    project.path("filter.ts"),
    versionFilter("later").replace(/^/, `import { later } from "./new/later";\n`),
  );
  await dev.waitFor(/^filter\.ts:1:23 - error: cannot find "\.\/new\/later"/m, 5000);
  await mkdir(project.path("new"));
  await writeFile(project.path("new/later.ts"), `export const later = "later";\n`);
  await expect.poll(() => versionAt(dev.url), PATIENCE).toBe("later");

  await unlink(project.path("new/later.ts"));
  await expect.poll(() => dev.output().match(/cannot find "\.\/new\/later"/g)?.length, PATIENCE).toBe(2);
  await writeFile(project.path("new/later.ts"), `export const later = "again";\n`);
  await expect.poll(() => versionAt(dev.url), PATIENCE).toBe("again");

  await rm(project.path("filter.ts"));
  await dev.waitFor(/^\S*filter\.ts - error: Could not resolve/m, 5000);
  expect(await versionAt(dev.url)).toBe("again");
  await writeFile(project.path("filter.ts"), versionFilter(`"back"`));
  await expect.poll(() => versionAt(dev.url), PATIENCE).toBe("back");
});

test("a filter that does not work at the start is waited for", async () => {
  await using project = await tempProject({
    "filter.ts": `import { defineFilter } from "proxy-wasm-ts";
export default defineFilter({
  config: (json) => {
    const { name } = json as { name?: unknown };
    if (typeof name !== "string") throw new Error("name must be a text, not " + JSON.stringify(name));
    return { name };
  },
  onResponseHeaders(response, { config }) { response.headers.set("x-version", config.name); },
});
`,
    "config.json": `{ "name": 1 }`,
  });
  await using dev = await startDev(project.path(""), ["--no-typecheck", "--config", "config.json"]);
  const answer = await fetch(dev.url);
  expect(answer.status).toBe(503);
  expect(await answer.text()).toMatch(
    /^The filter does not run\.\n\nthe filter did not start: proxy_on_configure returned/,
  );
  await dev.waitFor(
    /^\[error\] the plugin configuration was refused: name must be a text, not 1(\n.*)*\nWaiting for a change\.$/m,
    5000,
  );

  await writeFile(project.path("config.json"), `{ "name": "one" }`);
  await expect.poll(() => versionAt(dev.url), PATIENCE).toBe("one");
  await writeFile(project.path("config.json"), `{ "name": "two", }`);
  await dev.waitFor(
    /^config\.json:1:16 - error: the plugin configuration is no JSON: JSON does not support trailing commas/m,
    5000,
  );
  expect(await versionAt(dev.url)).toBe("one");
  await writeFile(project.path("config.json"), `{ "name": [] }`);
  await dev.waitFor(/refused: name must be a text, not \[\]/, 5000);
  expect(dev.output()).toMatch(/The last filter that worked goes on serving\.\n$/);
  expect(await versionAt(dev.url)).toBe("one");
  await writeFile(project.path("config.json"), `{ "name": "three" }`);
  await expect.poll(() => versionAt(dev.url), PATIENCE).toBe("three");
});

test("a request's line tells the calls, and who did not answer", async () => {
  await using called = await startUpstream((_request, response) => {
    response.statusCode = 418;
    response.end();
  });
  const dead = await deadOrigin();
  await using project = await tempProject({
    "filter.ts": `import { defineFilter } from "proxy-wasm-ts";
export default defineFilter({
  async onRequestHeaders(request, { fetch, log }) {
    for (const cluster of (request.headers.get("x-call") ?? "").split(",").filter(Boolean)) {
      try {
        await fetch("/check", { cluster });
        log.info("called " + cluster);
      } catch (error) {
        log.warn(error instanceof Error ? error.message + error.stack : "");
      }
    }
  },
});
`,
  });
  const clusters = ["--cluster", `tea=${called.url}`, "--cluster", `dead=${dead}`];
  await using dev = await startDev(project.path(""), ["--no-typecheck", "--upstream", dead, ...clusters]);
  const response = await fetch(`${dev.url}/a?b`, { headers: { "x-call": "tea,tea,dead,none" } });
  expect(response.status).toBe(503);
  expect(await response.text()).toContain("reset reason: remote connection failure");
  await dev.waitFor(/^GET \/a\?b/m, 5000);
  const line = /^GET \/a\?b.*$/m.exec(dev.output())?.[0] ?? "";
  expect(line.replace(/\d+(\.\d)? ms/g, "N ms").split("; ")).toEqual([
    "GET /a?b 503 in N ms, filter N ms",
    "called tea: 418 in N ms",
    "called tea: 418 in N ms",
    "called dead: no answer in N ms: remote connection failure",
    "called none: there is no such cluster, name it with --cluster none=URL",
    `the upstream ${dead} did not answer: remote connection failure. Is it running?`,
  ]);
  expect(dev.output()).toContain("[info] called tea\n");
  expect(dev.output(), "stacks are positions in the TypeScript").toMatch(/at \S*onRequestHeaders \(filter\.ts:6:\d+\)/);
});

test("without an upstream the answer shows the request; types are checked beside", async () => {
  await using project = await tempProject({
    "filter.ts": `import { defineFilter } from "proxy-wasm-ts";
const wrong: number = "text";
export default defineFilter({
  onRequestHeaders(request) { request.headers.set("x-added", String(wrong)); },
});
`,
  });
  await using dev = await startDev(project.path(""), []);
  const response = await fetch(`${dev.url}/path?query`, { method: "POST", body: "the body" });
  const text = await response.text();
  expect(text).toMatch(/^POST \/path\?query\n/);
  expect(text).toContain("x-added: text\n");
  expect(text).toMatch(/\n\nthe body$/);
  await dev.waitFor(/filter\.ts:2:7 - error TS2322: [^]*\n1 type error\n\(the filter runs all the same\)/, 60_000);
  await writeFile(project.path("filter.ts"), versionFilter(`"right"`));
  await dev.waitFor(/^no type errors any more$/m, 60_000);
});

test(
  "with --inspect, breakpoints in the filter's TypeScript stop, also after a save",
  // A stop takes the whole process, its sockets too: on a busy machine a connection may not outlive it.
  { timeout: 60_000, retry: 2 },
  async () => {
    const filter = (prefix: string) => `import { defineFilter } from "proxy-wasm-ts";
export default defineFilter({
  onRequestHeaders(request) {
    const name: string = "${prefix}" + request.path.slice(1);
    request.headers.set("x-name", name);
  },
});
`;
    await using project = await tempProject({ "filter.ts": filter("one ") });
    await using dev = await startDev(project.path(""), ["--no-typecheck", "--inspect", "--inspect-port", "0"]);
    const [, socket = ""] = await dev.waitFor(/^Debugger listening on (ws:\S+)$/m, 5000);
    const program = fileURLToPath(new URL("../debugger.ts", import.meta.url));
    const source = pathToFileURL(project.path("filter.ts")).href;
    const flags = ["--experimental-websocket", "--import", import.meta.resolve("tsx")];
    const stopAt = async (path: string) => {
      const args = [...flags, program, socket, source, "5", "name"];
      await using client = await startChild(process.execPath, args, { name: "debugger" });
      await client.waitFor(/^ready$/m, 10_000);
      const response = await fetch(dev.url + path).catch((cause: unknown) => {
        throw new Error(`no response; the server's output:\n${dev.output()}`, { cause });
      });
      const text = await response.text();
      const [, stopped] = await client.waitFor(/^(onRequestHeaders: .*)$/m, 10_000);
      return [stopped, /^x-name: .*$/m.exec(text)?.[0]];
    };
    expect(await stopAt("/Ada")).toEqual(["onRequestHeaders: one Ada", "x-name: one Ada"]);
    await writeFile(project.path("filter.ts"), filter("two "));
    await expect.poll(async () => await (await fetch(`${dev.url}/Bob`)).text(), PATIENCE).toContain("x-name: two Bob");
    expect(await stopAt("/Eve")).toEqual(["onRequestHeaders: two Eve", "x-name: two Eve"]);
  },
);

test("Ctrl-C ends it, with requests under way", async () => {
  await using upstream = await startUpstream(() => new Promise(() => undefined));
  await using project = await tempProject({ "filter.ts": versionFilter(`"one"`) });
  // The shell gives a process group of its own, which gets the signal as a terminal's does.
  const command = [process.execPath, ...NODE, "--upstream", upstream.url].map((word) => `'${word}'`).join(" ");
  // The processes that it started may get the signal before it does.
  const signals = "kill -INT $(cat /proc/$dev/task/*/children); sleep 0.5; kill -INT -- -$dev";
  const script = `set -m; ${command} & dev=$!; until [ -e stop ]; do sleep 0.05; done; ${signals}; wait $dev; echo "ended with $?"`;
  await using shell = await startChild("bash", ["-c", script], { name: "shell", cwd: project.path("") });
  const [, url = ""] = await shell.waitFor(/^(http:\S+) -> filter\.ts/m, 30_000);
  const waiting = fetch(url).then(
    () => "answered",
    () => "closed",
  );
  await expect.poll(() => upstream.requests.length, PATIENCE).toBe(1);
  await writeFile(project.path("stop"), "");
  await shell.waitFor(/^ended with 0$/m, 10_000);
  expect(await waiting).toBe("closed");
  expect(shell.output()).not.toMatch(/error|Error/);
});

describe("it does not start", () => {
  test.each([
    [[], 2, "dev takes one filter, not none"],
    [["a.ts", "b.ts"], 2, "dev takes one filter, not a.ts b.ts"],
    [["a.ts", "--fast"], 2, "Unknown option '--fast'"],
    [
      ["a.ts", "--cluster", "back-python"],
      2,
      `--cluster must be NAME=URL, such as auth=http://localhost:5000, not "back-`,
    ],
    [
      ["a.ts", "--cluster", "a=localhost:5000"],
      2,
      `--cluster a must be a URL such as http://localhost:8080, not "localh`,
    ],
    [
      ["a.ts", "--upstream", "https://shop"],
      2,
      "--upstream must be an http:// URL: a connection with TLS is beyond this",
    ],
    [["a.ts", "--port", "many"], 2, `--port must be a port from 0 to 65535, not "many"`],
    [["a.ts", "--inspect-port", "9229"], 2, "--inspect-port is the port of --inspect, which is not there"],
    [
      ["nowhere.ts"],
      1,
      "cannot read nowhere.ts: there is no such file. Name the file whose default export is the filter.",
    ],
    [
      ["src/filter/filter.ts", "--config", "no.json"],
      1,
      "cannot read no.json: no such file or directory. Name the file of",
    ],
    [
      ["src/filter/filter.ts", "--host", "192.0.2.1"],
      1,
      "cannot listen on 192.0.2.1, port 10000: this machine has no such",
    ],
  ])("%j", async (args, status, message) => {
    const outcome = await runCommand(["dev", ...args]);
    expect(outcome.stderr).toContain(message);
    expect(outcome).toMatchObject({ status, stdout: "" });
  });

  test("when another program has the debugger's port", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const args = [...NODE, "--inspect", "--inspect-port", String(port)];
    await using project = await tempProject({ "filter.ts": versionFilter(`"one"`) });
    const { status, stdout, stderr } = await runNode(args, project.path(""));
    other.close();
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(
      `the debugger cannot have port ${port}: another program has it. Choose another one with --inspect-port (0: a free one).`,
    );
  });

  test("when another program has the port", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const outcome = await runCommand(["dev", "src/filter/filter.ts", "--port", String(port)]);
    other.close();
    expect(outcome).toEqual({
      status: 1,
      stdout: "",
      stderr:
        `cannot listen on 127.0.0.1, port ${port}: another program has it. ` +
        "End that one, or choose another port with --port (0: a free one).\n",
    });
  });
});

test("a network filter is told that HTTP is served", async () => {
  const code = `import { defineNetworkFilter } from "proxy-wasm-ts";
export default defineNetworkFilter({ onNewConnection() {} });
`;
  await using project = await tempProject({ "filter.ts": code });
  await using dev = await startDev(project.path(""));
  expect(dev.output()).toContain("this is a network filter, and dev serves HTTP.");
  expect(await (await fetch(dev.url)).text()).toContain("this is a network filter");
});
