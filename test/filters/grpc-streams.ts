/** The filter of the tests of gRPC streams: the path says what a request does with a stream, and the client gets what happened. */

import {
  AbortController,
  decodeUtf8,
  defineFilter,
  GrpcError,
  GrpcStreamEndedError,
  grpcStream,
  Response,
} from "proxy-wasm-ts";
import type { GrpcStream, GrpcStreamOptions, ReadonlyHeaders } from "proxy-wasm-ts";

function open(method: string, more: Partial<GrpcStreamOptions> = {}): GrpcStream {
  return grpcStream({ cluster: "grpc", service: "test.Test", method, ...more });
}

/** All messages as text; what the stream fails with is the last one. */
async function readAll(stream: GrpcStream): Promise<string[]> {
  const texts: string[] = [];
  try {
    for await (const message of stream) {
      texts.push(decodeUtf8(message));
    }
  } catch (error) {
    texts.push(outcome(error));
  }
  return texts;
}

function outcome(error: unknown): string {
  if (error instanceof GrpcError) {
    return `${error.codeName} ${error.reason} ${error.details}`.trim();
  }
  return error instanceof GrpcStreamEndedError ? `ended: ${error.message}` : String(error);
}

function attempt(action: () => void): string {
  try {
    action();
    return "ok";
  } catch (error) {
    return outcome(error);
  }
}

function picked(headers: ReadonlyHeaders, names: readonly string[]): Record<string, string | null> {
  return Object.fromEntries(names.map((name) => [name, headers.get(name)]));
}

/** Opened by one request, used by later ones. */
let kept: GrpcStream | undefined;
let keptMessages = 0;
let watched = "nothing";

const actions: Readonly<Record<string, (cluster: string) => unknown>> = {
  async "/server"() {
    const stream = open("Count", { metadata: { "x-from": "filter" } });
    stream.end("5");
    const messages = await readAll(stream);
    const initial = picked(await stream.initialMetadata, ["x-initial", "content-type"]);
    const trailing = picked(await stream.trailingMetadata, ["x-trailing", "grpc-status"]);
    return { messages, initial, trailing, status: await stream.status };
  },
  async "/client"() {
    const stream = open("Sum");
    for (let number = 1; number <= 100; number++) {
      stream.send(String(number));
    }
    stream.end();
    stream.end();
    const answer = await stream.read();
    return { answer: answer && decodeUtf8(answer), after: (await stream.read()) ?? "nothing" };
  },
  async "/bidi"() {
    const stream = open("Echo");
    const seen: string[] = [];
    let turn = 0;
    stream.send("turn 0");
    for await (const message of stream) {
      seen.push(decodeUtf8(message));
      if (++turn < 5) {
        stream.send(`turn ${turn}`);
      } else if (turn === 5) {
        stream.end("last");
      }
    }
    return seen;
  },
  async "/sizes"() {
    const stream = open("Echo");
    stream.send("");
    stream.end(new Uint8Array(1024 * 1024));
    const sizes: number[] = [];
    for await (const message of stream) {
      sizes.push(message.length);
    }
    return sizes;
  },
  async "/many"() {
    const streams = Array.from({ length: 30 }, (_, index) => {
      const stream = open("Echo");
      stream.end(`stream ${index}`);
      return stream;
    });
    return (await Promise.all(streams.map(readAll))).flat();
  },
  async "/fails"(method) {
    const stream = open(method);
    stream.end("x");
    const messages = await readAll(stream);
    return { messages, ...(await stream.status) };
  },
  async "/cluster"(cluster) {
    const stream = open("Count", { cluster });
    const sent = attempt(() => {
      stream.send("5");
    });
    const messages = await readAll(stream);
    return { sent, messages, metadata: [...(await stream.initialMetadata)].length };
  },
  async "/cancel"() {
    const stream = open("Forever");
    const first = await stream.read();
    stream.cancel();
    stream.cancel();
    stream.end();
    return { first: first?.length, messages: await readAll(stream), ...(await stream.status) };
  },
  async "/leave"(count) {
    const stream = open("Forever");
    let seen = 0;
    for await (const message of stream) {
      seen += Math.sign(message.length);
      if (seen === Number(count)) {
        break;
      }
    }
    return { seen, ...(await stream.status) };
  },
  /** Leaves while Envoy has more messages of the same DATA frame to hand over. */
  async "/leave-burst"() {
    for (let round = 0; round < 20; round++) {
      for await (const message of open("Burst")) {
        if (message.length > 0) {
          break;
        }
      }
    }
    return "ok";
  },
  async "/abort"() {
    const controller = new AbortController();
    const stream = open("Forever", { signal: controller.signal });
    await stream.read();
    controller.abort(new Error("enough"));
    return readAll(stream);
  },
  async "/overflow"() {
    const stream = open("Forever", { maxQueuedBytes: 50 });
    const { codeName, details } = await stream.status;
    return { codeName, details, messages: await readAll(stream) };
  },
  async "/after-end"() {
    const stream = open("Echo");
    stream.end("last");
    const afterEnd = attempt(() => {
      stream.send("too late");
    });
    const messages = await readAll(stream);
    const afterClose = [
      attempt(() => {
        stream.send("much too late");
      }),
      attempt(() => {
        stream.end();
      }),
      attempt(() => {
        stream.end("much too late");
      }),
    ];
    return { afterEnd, messages, afterClose };
  },
  async "/bad-codec"() {
    const stream = grpcStream<string, number>({
      cluster: "grpc",
      service: "test.Test",
      method: "Forever",
      codec: {
        encode: (message) => message,
        decode: () => {
          throw new Error("not for me");
        },
      },
    });
    const error = await stream.read().catch(String);
    return { error, ...(await stream.status) };
  },
  async "/codec"() {
    const stream = grpcStream<object, unknown>({
      cluster: "grpc",
      service: "test.Test",
      method: "Echo",
      codec: { encode: (value) => JSON.stringify(value), decode: (bytes) => JSON.parse(decodeUtf8(bytes)) as unknown },
    });
    stream.send({ a: 1 });
    stream.end({ b: [2] });
    const values: unknown[] = [];
    for await (const value of stream) {
      values.push(value);
    }
    return values;
  },
  "/keep"() {
    const stream = open("Echo");
    kept = stream;
    void (async () => {
      while ((await stream.read()) !== undefined) {
        keptMessages++;
      }
    })();
    return "kept";
  },
  "/send-kept"() {
    kept?.send("ping");
    return "sent";
  },
  "/kept": () => keptMessages,
  async "/end-kept"() {
    kept?.end();
    return (await kept?.status)?.codeName;
  },
  "/watched": () => watched,
};

export default defineFilter({
  /** Few, so that the fuzz test sees that calls which a host never ends make the heap no larger than that. */
  limits: { openCalls: 100 },

  setup({ log }) {
    // Goes on after the setup, and is read when a plugin has nothing else to do.
    const stream = open("Count");
    stream.end("3");
    void readAll(stream).then((messages) => {
      watched = messages.join();
      log.info(`setup's stream: ${watched}`);
    });
  },

  async onRequestHeaders(request) {
    const [, name = "", argument = ""] = request.path.split("/");
    const action = actions[`/${name}`];
    return action === undefined ? undefined : Response.json(await action(argument));
  },
});
