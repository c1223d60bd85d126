/**
 * A debugger, as a program: `node --experimental-websocket --import tsx test/debugger.ts WS_URL SOURCE LINE EXPRESSION`. Sets a breakpoint
 * in the scripts that come from the source, by their source maps, says "ready", and at the first stop prints the function's name and
 * the expression's value there.
 */

import { generatedPositionFor, TraceMap } from "@jridgewell/trace-mapping";

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

interface Socket {
  onopen: () => void;
  onmessage: (event: { readonly data: string }) => void;
  readonly send: (text: string) => void;
}

const [url = "", source = "", line = "", expression = ""] = process.argv.slice(2);
const { WebSocket } = globalThis as unknown as { WebSocket: new (url: string) => Socket };
const socket = new WebSocket(url);
const answers = new Map<number, (message: Message) => void>();
let lastId = 0;

function post(method: string, params: object = {}): Promise<Message> {
  const id = ++lastId;
  socket.send(JSON.stringify({ id, method, params }));
  return new Promise((resolve) => answers.set(id, resolve));
}

async function setBreakpoint(script: string, sourceMapURL: string): Promise<void> {
  const map = new TraceMap(Buffer.from(sourceMapURL.split(",")[1] ?? "", "base64").toString(), script);
  const name = map.resolvedSources.find((resolved) => resolved === source);
  const place =
    name === undefined ? undefined : generatedPositionFor(map, { source: name, line: Number(line), column: 4 });
  if (typeof place?.line === "number") {
    await post("Debugger.setBreakpointByUrl", { url: script, lineNumber: place.line - 1 });
    console.log("ready");
  }
}

async function report(frame: { readonly callFrameId: string; readonly functionName: string }): Promise<void> {
  const { callFrameId, functionName } = frame;
  const { result } = await post("Debugger.evaluateOnCallFrame", { callFrameId, expression });
  console.log(`${functionName}: ${String(result?.result?.value)}`);
  await post("Debugger.resume");
  process.exit();
}

socket.onmessage = ({ data }) => {
  const message = JSON.parse(data) as Message;
  const { id, method, params = {} } = message;
  if (id !== undefined) {
    answers.get(id)?.(message);
  } else if (method === "Debugger.scriptParsed" && String(params["url"]).includes("filter.ts")) {
    void setBreakpoint(String(params["url"]), String(params["sourceMapURL"]));
  } else if (method === "Debugger.paused") {
    const [frame] = params["callFrames"] as Parameters<typeof report>;
    void report(frame);
  }
};
socket.onopen = () => {
  void post("Debugger.enable");
};
