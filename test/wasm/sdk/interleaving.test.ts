import { beforeAll, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import type { CompiledFilter } from "../../host/index.ts";
import { random } from "../../random.ts";
import { buildTestFilter } from "./build.ts";

let built: CompiledFilter;

beforeAll(async () => {
  built = await buildTestFilter("interleaved");
}, 60_000);

/** A call that waits for its answer. */
interface Waiting {
  readonly path: string;
  readonly owner: string | null;
  readonly answer: (response: Response) => void;
}

/** `npm run test:interleavings`, a part of test:soak, tries ten times as many. */
const CASES = Number(process.env["INTERLEAVINGS"] ?? 1000);

test(`streams whose calls end in any order keep to themselves: ${CASES} interleavings`, async () => {
  const waiting: Waiting[] = [];
  await using host = await TestHost.load(built, {
    clusters: {
      other: (request) =>
        new Promise((answer) => {
          waiting.push({ path: new URL(request.url).pathname, owner: request.headers.get("x-id"), answer });
        }),
    },
  });
  const pick = random(1);
  for (let round = 0; round < CASES; round++) {
    const streams = Array.from({ length: 2 + pick(3) }, (_, at) => {
      const id = `${round}-${at}`;
      const calls = pick(4);
      const stream = host.openStream();
      stream.requestHeaders(
        [
          [":method", "GET"],
          [":path", `/${id}/${calls}`],
          [":authority", "a"],
          [":scheme", "http"],
          ["x-id", id],
        ],
        { endOfStream: true },
      );
      return { id, calls, stream, leaves: pick(20) === 0 };
    });
    for (const { stream, leaves } of streams) {
      if (leaves) {
        stream.reset(); // the client goes away; its late answers must touch nobody
      }
    }
    await host.advance(0);
    while (waiting.length > 0) {
      const [call] = waiting.splice(pick(waiting.length), 1);
      expect(call?.path.startsWith(`/${call.owner ?? ""}/`), "a call carries its own stream's header").toBe(true);
      call?.answer(new Response(call.path));
      await host.advance(0);
    }
    for (const { id, calls, stream, leaves } of streams) {
      const passed = stream.upstream.headers ?? [];
      if (leaves && passed.length === 0) {
        continue;
      }
      const headers = new Map(passed.map(([name, value]) => [name, value]));
      const numbers = Array.from({ length: calls }, (_, call) => call);
      expect(headers.get("x-own")).toBe(`${id} /${id}/${calls}`);
      expect(headers.get("x-seen")).toBe(numbers.map((call) => `/${id}/${call}`).join());
      const marks = passed.filter(([name]) => name === "x-mark").map(([, value]) => value);
      expect(marks).toEqual(numbers.map((call) => `${id}:${call}`));
      if (!stream.isEnded) {
        stream.responseHeaders([[":status", "200"]], { endOfStream: true });
        expect(stream.downstream.headers).toContainEqual(["x-id", id]);
      }
    }
  }
  expect(host.logs.filter(({ level }) => level === "error")).toEqual([]);
}, 120_000);
