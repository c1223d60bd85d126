/** The filter of the shim's native tests (cases.c): what a stream does is in its path. */

import {
  callForeignFunction,
  crypto,
  decodeProperty,
  decodeUtf8,
  defineCounter,
  defineFilter,
  defineGauge,
  defineHistogram,
  environment,
  FetchError,
  getProperty,
  GrpcError,
  grpcCall,
  grpcStream,
  hash,
  hmac,
  HostError,
  jsonField,
  memoryUsage,
  onForeignFunction,
  onVmStart,
  performance,
  registerSharedQueue,
  resolveSharedQueue,
  Response,
  setProperty,
  sharedData,
  StreamEndedError,
  timingSafeEqual,
  URL,
  URLSearchParams,
} from "proxy-wasm-ts";
import type { FetchResponse, GrpcStream, HttpRequest, Log, SharedQueue } from "proxy-wasm-ts";
import {
  BufferType,
  MapType,
  proxy_done,
  proxy_get_buffer_status,
  proxy_get_current_time_nanoseconds,
  proxy_get_header_map_size,
  proxy_get_log_level,
  proxy_get_status,
} from "proxy-wasm-ts/hostcalls";

let keptRequest: HttpRequest | undefined;
let keptAnswer: FetchResponse | undefined;

let keptStream: GrpcStream | undefined;

const GRPC = { cluster: "grpc", service: "pkg.Service", method: "Method" };

function reasonOf(error: unknown): string {
  return error instanceof GrpcError ? `${error.codeName} ${error.reason} ${error.details}` : String(error);
}

function overflow(depth: number): number {
  return overflow(depth + 1) + 1;
}

const counter = defineCounter("requests", { labels: ["path"] });
const gauge = defineGauge("gauge");
const histogram = defineHistogram("histogram");
let queue: SharedQueue | undefined;

onVmStart((configuration) => {
  if (configuration === "throw") {
    throw new Error("this VM does not start");
  }
  return configuration !== "refuse";
});

function failure(run: () => unknown): string {
  try {
    return String(run());
  } catch (error) {
    return error instanceof HostError ? `${error.call} ${error.status}` : String(error);
  }
}

/** All that keeps state in the host, once. */
function useState(request: HttpRequest, log: Log): void {
  log.info(`absent: ${typeof sharedData.get("absent")}`);
  log.info(`created: ${sharedData.create("k\u00f6y", "one")} ${sharedData.create("k\u00f6y", "two")}`);
  const text = sharedData.update("k\u00f6y", (old) => `${old?.text() ?? ""}\u20ac`);
  log.info(`updated: ${text} version ${sharedData.get("k\u00f6y")?.version ?? 0}`);
  log.info(`too long: ${failure(() => sharedData.set("x".repeat(1000), ""))}`);
  queue ??= registerSharedQueue("queue");
  queue.enqueue(Uint8Array.of(65, 0, 66));
  const remote = resolveSharedQueue("queue", { vmId: "other" });
  log.info(`queue: ${String(queue.dequeue())} ${String(queue.dequeue())} ${remote?.id ?? 0}`);
  counter.with({ path: request.path }).increment(2);
  gauge.record(3);
  gauge.decrement(4);
  histogram.record(9);
  log.info(`metrics: ${counter.with({ path: request.path }).value} ${gauge.value}`);
  setProperty("mine", "value", request);
  log.info(`property: ${decodeProperty(getProperty("mine", request), "string") ?? "none"}`);
  log.info(`map: ${failure(() => getProperty("request.headers", request)?.join("|"))}`);
  log.info(
    `foreign: ${decodeUtf8(callForeignFunction("echo", "hello") ?? "")} ${String(callForeignFunction("nothing"))}`,
  );
  log.info(
    `foreign fails: ${failure(() => callForeignFunction("fails"))} ${failure(() => callForeignFunction("none"))}`,
  );
  log.info(`raw: ${proxy_get_log_level()} ${proxy_get_current_time_nanoseconds()} ${proxy_get_status().join(" ")}`);
  log.info(`raw: ${proxy_get_buffer_status(BufferType.HttpRequestBody).join(" ")} ${failure(proxy_done)}`);
  log.info(`raw: ${proxy_get_header_map_size(MapType.HttpRequestHeaders)}`);
}

function useWasi(log: Log): void {
  log.info(`environment: ${failure(() => JSON.stringify(environment()))}`);
  log.info(`uuid: ${failure(() => crypto.randomUUID())}`);
  log.info(`random: ${failure(() => crypto.getRandomValues(new Uint16Array(2)))}`);
  log.info(`now: ${failure(() => performance.now() >= 0)}`);
  log.info(`heap: ${failure(() => memoryUsage().heapBytes > 10_000)}`);
}

const FIELDS = '{"a": [1, {"b\\u00e9": "\u20ac"}], "c": {"d": "e"}, "a": [2, {"b\u00e9": {"f": "\u20ac"}}]}';

/** Hashes, fields of JSON, queries. */
function useFunctions(request: HttpRequest, log: Log): void {
  for (const name of ["md5", "sha1", "sha256", "sha384", "sha512"] as const) {
    log.info(
      `${name}: ${hash(name, "abc").toHex().slice(0, 8)} ${hmac(name, "k".repeat(200), "abc").toHex().slice(0, 8)}`,
    );
  }
  log.info(`equal: ${timingSafeEqual("a", Uint8Array.of(97))} ${timingSafeEqual("a", "b")}`);
  const field = jsonField(FIELDS, ["a", 1, "b\u00e9", "f"]);
  log.info(`field: ${String(field)} ${JSON.stringify(jsonField(FIELDS, "a.0"))} ${String(jsonField(FIELDS, "c.x"))}`);
  const params = new URLSearchParams(`a=%ff%C3%A9+%&b\u20ac&${"c=d&".repeat(20)}`);
  params.append("\ud800", "x");
  log.info(`params: ${params.get("a") ?? ""} ${params.toString().length} ${params.size}`);
  log.info(`url: ${new URL("../x?y z#\u20ac", "http://u@A.b:81/c/d").href}`);
  const { path } = request;
  request.pathname = `${request.pathname}/?`;
  request.search = "x=%C3%A9&y=+";
  log.info(`path: ${request.path} ${request.search} ${request.query("x") ?? ""} ${request.query("z") ?? "none"}`);
  request.path = path;
}

function useOddly(request: HttpRequest, fetch: (path: string, init: never) => unknown, ofFunctions = false): string[] {
  const fails = (): never => {
    throw new Error("on purpose");
  };
  const odd: unknown[] = [
    undefined,
    null,
    -1,
    NaN,
    1n,
    Symbol("odd"),
    "\u0000",
    "\ud800",
    [],
    {},
    [[]],
    [["a"]],
    [[1, 2, 3]],
    { length: 2 ** 32 },
    () => undefined,
    { toString: fails },
    { valueOf: fails, toString: fails, [Symbol.iterator]: fails },
    new Proxy({}, { get: fails, ownKeys: fails, getPrototypeOf: fails }),
    new Proxy([], { get: fails }),
    Object.create(null),
    new Uint8Array(3),
    new Float64Array(3),
    new ArrayBuffer(3),
    request,
    request.headers,
  ];
  const uses: ((value: never, other: never) => unknown)[] = [
    (value, other) => {
      request.headers.set(value, other);
    },
    (value, other) => {
      request.headers.append("x-odd", value);
      return other;
    },
    (value) => request.headers.get(value),
    (value) => request.headers.pick(value),
    (value) => (request.path = value),
    (value) => new Response(value, { headers: value, status: value }),
    (value) => fetch(value, { cluster: "other" } as never),
    (value) => fetch("/", { cluster: value } as never),
    (value) => fetch("/", { cluster: "other", headers: value } as never),
    (value) => fetch("/", { cluster: "other", body: value, trailers: value, timeoutMs: 1 } as never),
    (value) => {
      getProperty(value, request);
    },
    (value) => {
      setProperty(value, value, request);
    },
    (value) => callForeignFunction(value, value),
    (value) => {
      sharedData.set(value, value);
    },
    (value) => registerSharedQueue(value),
    (value) => decodeUtf8(value),
    (value) => proxy_get_buffer_status(value),
    (value) => proxy_get_header_map_size(value),
    (value) => {
      console.log(value);
    },
    (value) => request.headers.get.call(value, value),
    (value) => Object.getOwnPropertyDescriptor(Object.getPrototypeOf(request), "path")?.get?.call(value) as unknown,
  ];
  const functions: typeof uses = [
    (value) => hash("sha256", value),
    (value, other) => hash(value, other),
    (value, other) => hmac("sha512", value, other),
    (value, other) => timingSafeEqual(value, other),
    (value) => jsonField(value, "a"),
    (value) => jsonField("{}", value),
    (value) => jsonField("[[1]]", [value, value]),
    (value) => new URLSearchParams(value).toString(),
    (value) => new URL(value, "http://a/"),
    (value) => request.query(value),
    (value) => (request.pathname = value),
    (value) => (request.search = value),
    (value) => request.query.call(value, "a"),
    (value) => Object.getOwnPropertyDescriptor(Object.getPrototypeOf(request), "search")?.get?.call(value) as unknown,
  ];
  return (ofFunctions ? functions : uses).map((use) => {
    let thrown = 0;
    for (const value of odd) {
      for (const other of [value, odd[0]]) {
        try {
          const result = use(value as never, other as never);
          if (result instanceof Promise) {
            result.catch(() => undefined);
          }
        } catch {
          thrown++;
        }
      }
    }
    return String(thrown);
  });
}

const reject = (error: Error) => Promise.reject(error);

onForeignFunction(({ functionId, argument, pluginId }) => {
  console.log(`called: ${functionId} ${decodeUtf8(argument)} ${pluginId}`);
});

export default defineFilter({
  config(json) {
    if (json === "refused") {
      throw new Error("this one is refused on purpose");
    }
    return json;
  },
  state: () => ({ requests: 0, path: "" }),
  requestBody: "stream",

  async onRequestHeaders(request, { fetch, log }) {
    request.state.requests += 1;
    request.state.path = request.path;
    switch (request.path) {
      case "/headers":
        request.headers.set("x-set", request.headers.get("x-twice") ?? "none");
        request.headers.append("x-twice", "three");
        request.headers.delete("x-gone");
        log.info(`getAll: ${request.headers.getAll("X-Twice").join("|")}`);
        return undefined;
      case "/iterate":
        log.info(`all: ${[...request.headers].map((header) => header.join("=")).join("|")}`);
        log.info(
          `picked: ${request.headers
            .pick(["X-A", "x-b-*", "*"])
            .map((header) => header.join("="))
            .join("|")}`,
        );
        log.info(`none: ${request.headers.pick([]).length}`);
        return undefined;
      case "/bytes":
        request.headers.set("x-bytes", request.headers.get("x-latin") ?? "");
        return undefined;
      case "/bad-value":
        for (const value of ["a\r\nb: c", "zero\0", "\u20ac"]) {
          try {
            request.headers.set("x-bad", value);
          } catch (error) {
            log.info(String(error));
          }
        }
        return undefined;
      case "/call": {
        const answer = await fetch("/there", { cluster: "other", headers: { "x-a": "b" }, body: "h\u00e4llo" });
        log.info(`answer ${answer.status} ${answer.headers.get("x-from") ?? "-"} ${answer.text()}`);
        request.headers.set("x-called", String(answer.status));
        return undefined;
      }
      case "/close":
        request.close();
        return undefined;
      case "/close-later":
        await fetch("/there", { cluster: "other" });
        request.close();
        request.close();
        return undefined;
      case "/keep":
        keptAnswer = await fetch("/there", { cluster: "other" });
        keptRequest = request;
        return undefined;
      case "/use-kept":
        log.info(`kept: ${keptAnswer?.status ?? "nothing"} ${keptAnswer?.text() ?? ""}`);
        try {
          keptRequest?.headers.set("x-late", "1");
        } catch (error) {
          log.info(error instanceof StreamEndedError ? "the kept request has ended" : String(error));
        }
        return undefined;
      case "/fails":
        try {
          await fetch("/there", { cluster: "nobody" });
        } catch (error) {
          log.info(error instanceof FetchError ? `fetch failed: ${error.reason}` : String(error));
        }
        return undefined;
      case "/parallel": {
        const answers = await Promise.all([1, 2, 3].map((n) => fetch(`/${n}`, { cluster: "other" })));
        log.info(`parallel: ${answers.map(({ status }) => status).join()}`);
        return undefined;
      }
      case "/state":
        useState(request, log);
        return undefined;
      case "/wasi":
        useWasi(log);
        return undefined;
      case "/receive": {
        queue ??= registerSharedQueue("queue");
        for await (const item of queue) {
          log.info(`received: ${decodeUtf8(item)}`);
          if (item.length === 0) break;
        }
        return undefined;
      }
      case "/grpc":
        try {
          const { message } = await grpcCall({ ...GRPC, message: "question", metadata: [["x-a", "b"]] });
          log.info(`grpc answer ${decodeUtf8(message)} of ${message.length} bytes`);
          request.headers.set("x-grpc", String(message.length));
        } catch (error) {
          log.info(`grpc failed: ${reasonOf(error)}`);
        }
        return undefined;
      case "/grpc-stream": {
        const stream = grpcStream(GRPC);
        keptStream = stream;
        try {
          stream.send("first");
          for await (const message of stream) {
            log.info(`stream message ${decodeUtf8(message)}`);
            if (message.length === 0) {
              break;
            }
          }
          log.info("stream ended");
        } catch (error) {
          log.info(`stream failed: ${reasonOf(error)}`);
        }
        const { codeName } = await stream.status;
        const { length } = [...(await stream.initialMetadata), ...(await stream.trailingMetadata)];
        log.info(`stream status ${codeName}, ${length} metadata`);
        return undefined;
      }
      case "/grpc-send":
        try {
          keptStream?.send("more");
          keptStream?.end();
          keptStream?.send("too late");
        } catch (error) {
          log.info(String(error));
        }
        return undefined;
      case "/grpc-cancel":
        keptStream?.cancel();
        keptStream?.cancel();
        return undefined;
      case "/reply":
        return new Response("no", { status: 403, headers: { "x-why": "because" } });
      case "/wrong-result":
        return "text" as unknown as Response;
      case "/throw":
        throw new Error("thrown on purpose");
      case "/throw-odd":
        throw {
          toString: () => {
            throw new Error("toString too");
          },
        } as unknown as Error;
      case "/reject-later":
        void reject(new Error("nobody handles this"));
        return undefined;
      case "/reject-handled":
        await reject(new Error("handled")).catch(() => undefined);
        return undefined;
      case "/loop":
        for (;;) {
          request.state.requests += 1;
        }
      case "/recursion":
        overflow(0);
        return undefined;
      case "/breed": {
        const breed = (): Promise<void> => Promise.resolve().then(breed);
        return breed();
      }
      case "/breed-later": {
        await fetch("/there", { cluster: "other" });
        const breed = (): Promise<void> => Promise.resolve().then(breed);
        await breed();
        return undefined;
      }
      case "/detach": {
        const buffer = new ArrayBuffer(4096);
        const taken = new Uint8Array(buffer);
        const value = {
          toString() {
            (buffer as unknown as { transfer: (size: number) => ArrayBuffer }).transfer(0);
            return "v";
          },
        } as unknown as string;
        await fetch("/there", { cluster: "other", headers: [["x-a", value]], body: taken }).catch(() => undefined);
        log.info("the bytes were taken away");
        return new Response(taken, { headers: [["x-a", value]] });
      }
      case "/functions":
        useFunctions(request, log);
        return undefined;
      case "/odd":
        log.info(`odd: ${useOddly(request, fetch).join(" ")}`);
        return undefined;
      case "/odd-functions":
        log.info(`odd: ${useOddly(request, fetch, true).join(" ")}`);
        return undefined;
      case "/memory": {
        const held: string[] = [];
        for (let size = 1; ; size++) {
          held.push("x".repeat(1024 * 1024) + String(size));
        }
      }
      default:
        return undefined;
    }
  },

  async onRequestBody(request, { fetch, log }) {
    const { body, state } = request;
    log.info(`part ${body.text()} ${body.ended}`);
    if (state.path === "/json-body") {
      const answer = await fetch("/there", { cluster: "other" });
      log.info(`fields: ${failure(() => body.jsonField("a.0"))} ${failure(() => answer.jsonField(["a"]))}`);
    }
    if (state.path === "/body") {
      await fetch("/there", { cluster: "other" });
      body.set(`[${body.text()}]`);
    }
    if (state.path === "/body-waits") {
      await fetch("/there", { cluster: "other" });
    }
  },

  onRequestTrailers(request, { log }) {
    log.info(`trailers after ${request.state.path}`);
  },

  onResponseBody(response, { log }) {
    const { body } = response;
    log.info(`whole ${body.text()} ${body.bytes(1, 2).length}`);
    body.set(body.text().toUpperCase());
    if (response.state.path === "/longer") {
      body.set("longer than it was");
    }
  },

  onResponseHeaders(response) {
    response.headers.set("x-requests", String(response.state.requests));
  },

  onLog(response, { log }) {
    log.debug(`done ${response.contextId}`);
  },
});
