/** Does what a request's header asks for: `x-attack: PLACE/NAME`, with `x-input` as what came from outside. */

import { decodeUtf8, defineFilter, textConfig } from "proxy-wasm-ts";
import type { FilterContext, HttpRequest } from "proxy-wasm-ts";

import { attack } from "./attacks.ts";

interface State {
  place: string;
  name: string;
  input: string;
  request?: HttpRequest<State>;
}
type Context = FilterContext<string>;

const CLUSTER = "other";

/** Streams of this VM. */
let served = 0;
/** What the next tick does. */
let armed = "";

/** Says so before and after: a test that sees neither has proved nothing. */
function run(asked: string, { log }: Pick<Context, "log">, act: () => string): void {
  log.info(`runs ${asked}`);
  log.info(`ended ${asked}: ${act()}`);
}

function runAt(place: string, state: State, context: Context): void {
  if (state.place === place) {
    run(`${place}/${state.name}`, context, () => attack(state.name, state.input));
  }
}

async function call(request: HttpRequest<State>, { fetch, log }: Context): Promise<void> {
  const { name, input } = request.state;
  await fetch(name === "panic" ? "/" : "/slow", { cluster: CLUSTER });
  run(`call/${name}`, { log }, () => {
    if (name === "panic") {
      return attack(name, input);
    }
    request.headers.set("x-called", "yes");
    return "no error";
  });
}

/** What needs the stream's own methods; undefined for what does not. */
function requestAttack(request: HttpRequest<State>, { fetch }: Context): string | undefined {
  switch (request.state.name) {
    case "utf8":
      return `${request.headers.get("x-bytes")?.length ?? 0} characters`;
    case "utf8-bytes":
      return `${decodeUtf8(request.headers.get("x-bytes") ?? "").length} characters of text`;
    case "headers": {
      const headers = [...request.headers];
      return `${headers.length} headers, ${headers.flat().join("").length} bytes`;
    }
    case "unknown-cluster":
      void fetch("/", { cluster: "nowhere" });
      return "called";
    case "close-twice":
      request.close();
      request.close();
      return "closed";
    default:
      return undefined;
  }
}

export default defineFilter({
  config: textConfig((text) => text),
  state: (): State => ({ place: "", name: "", input: "" }),

  setup({ config, log, every }) {
    if (config !== "") {
      run(`configure/${config}`, { log }, () => attack(config, ""));
    }
    every(100, () => {
      if (armed !== "") {
        const name = armed;
        armed = "";
        run(`timer/${name}`, { log }, () => attack(name, ""));
      }
    });
  },

  onRequestHeaders(request, context) {
    served += 1;
    const asked = request.headers.get("x-attack") ?? "";
    const { state } = request;
    [state.place = "", state.name = ""] = asked.split("/");
    state.input = request.headers.get("x-input") ?? "";
    state.request = request;
    switch (state.place) {
      case "request":
        run(asked, context, () => requestAttack(request, context) ?? attack(state.name, state.input));
        return undefined;
      case "timer":
        armed = state.name;
        return undefined;
      case "call": {
        const called = call(request, context);
        return state.name === "late" || state.name === "ended" ? undefined : called;
      }
      default:
        return undefined;
    }
  },

  onRequestBody(request, context) {
    const { place, name } = request.state;
    if (place === "body") {
      run(`body/${name}`, context, () =>
        name === "json" ? `an array: ${Array.isArray(request.body.json())}` : `${request.body.bytes().length} bytes`,
      );
    }
  },

  onResponseHeaders(response, context) {
    const { state } = response;
    if (state.place === "response" && state.name === "late") {
      run("response/late", context, () => {
        state.request?.headers.set("x-late", "yes");
        return "no error";
      });
    } else {
      runAt("response", state, context);
    }
    response.headers.set("x-served", String(served));
  },

  onLog: (response, context) => {
    runAt("log", response.state, context);
  },
});
