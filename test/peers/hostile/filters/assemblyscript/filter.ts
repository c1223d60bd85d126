export * from "@solo-io/proxy-runtime/proxy";
import {
  BaseContext,
  Context,
  continue_request,
  FilterDataStatusValues,
  FilterHeadersStatusValues,
  HeaderPair,
  log,
  LogLevelValues,
  registerRootContext,
  RootContext,
  stream_context,
  WasmResultValues,
} from "@solo-io/proxy-runtime";
import { BufferTypeValues, get_buffer_bytes, set_tick_period_milliseconds } from "@solo-io/proxy-runtime/runtime";
import { JSON } from "assemblyscript-json";

import { attack } from "./attacks";

const CLUSTER = "other";

/** Streams of this VM. */
let served: u32 = 0;
/** What the next tick does. */
let armed: string = "";

function say(text: string): void {
  log(LogLevelValues.info, text);
}

/** Says so before and after: a test that sees neither has proved nothing. */
function run(place: string, name: string, input: string): void {
  say("runs " + place + "/" + name);
  const outcome = attack(name, input);
  say("ended " + place + "/" + name + ": " + outcome);
}

function pair(name: string, value: string): HeaderPair {
  return new HeaderPair(String.UTF8.encode(name), String.UTF8.encode(value));
}

class Stream extends Context {
  place: string = "";
  name: string = "";
  input: string = "";
  size: u32 = 0;

  private runAt(place: string): void {
    if (this.place == place) {
      run(place, this.name, this.input);
    }
  }

  private call(cluster: string, path: string): WasmResultValues {
    const headers = [pair(":method", "GET"), pair(":path", path), pair(":authority", "other")];
    return this.root_context.httpCall(
      cluster,
      headers,
      new ArrayBuffer(0),
      [],
      5000,
      this,
      (origin: BaseContext, _headers: u32, _size: usize, _trailers: u32): void => {
        (origin as Stream).onAnswer();
      },
    );
  }

  onRequestHeaders(_headers: u32, _endOfStream: bool): FilterHeadersStatusValues {
    served++;
    const headers = stream_context.headers.request;
    const asked = headers.get("x-attack");
    const parts = asked.split("/");
    if (parts.length != 2) {
      return FilterHeadersStatusValues.Continue;
    }
    this.place = parts[0];
    this.name = parts[1];
    this.input = headers.get("x-input");
    if (this.place == "request") {
      say("runs " + asked);
      say("ended " + asked + ": " + this.requestAttack());
    } else if (this.place == "timer") {
      armed = this.name;
    } else if (this.place == "call") {
      const result = this.call(CLUSTER, this.name == "panic" ? "/" : "/slow");
      if (result != WasmResultValues.Ok) {
        log(LogLevelValues.error, "cannot call: " + result.toString());
      } else if (this.name != "late" && this.name != "ended") {
        return FilterHeadersStatusValues.StopIteration;
      }
    }
    return FilterHeadersStatusValues.Continue;
  }

  /** What needs the stream's own functions. */
  private requestAttack(): string {
    if (this.name == "utf8") {
      return stream_context.headers.request.get("x-bytes").length.toString() + " characters";
    }
    if (this.name == "headers") {
      const headers = stream_context.headers.request.get_headers();
      let size = 0;
      for (let i = 0; i < headers.length; i++) {
        size += headers[i].key.byteLength + headers[i].value.byteLength;
      }
      return headers.length.toString() + " headers, " + size.toString() + " bytes";
    }
    if (this.name == "utf8-bytes") {
      const headers = stream_context.headers.request.get_headers();
      for (let i = 0; i < headers.length; i++) {
        if (String.UTF8.decode(headers[i].key) == "x-bytes") {
          return headers[i].value.byteLength.toString() + " bytes";
        }
      }
      return "no such header";
    }
    if (this.name == "unknown-cluster") {
      return this.call("nowhere", "/").toString();
    }
    return attack(this.name, this.input);
  }

  onRequestBody(size: usize, endOfStream: bool): FilterDataStatusValues {
    if (this.place != "body") {
      return FilterDataStatusValues.Continue;
    }
    this.size += size as u32;
    if (!endOfStream) {
      return FilterDataStatusValues.StopIterationAndBuffer;
    }
    say("runs body/" + this.name);
    const body = get_buffer_bytes(BufferTypeValues.HttpRequestBody, 0, this.size);
    let outcome = body.byteLength.toString() + " bytes";
    if (this.name == "json") {
      outcome = "an array: " + JSON.parse(String.UTF8.decode(body)).isArr.toString();
    }
    say("ended body/" + this.name + ": " + outcome);
    return FilterDataStatusValues.Continue;
  }

  onResponseHeaders(_headers: u32, _endOfStream: bool): FilterHeadersStatusValues {
    if (this.place == "response" && this.name == "late") {
      say("runs response/late");
      stream_context.headers.request.replace("x-late", "yes");
      say("ended response/late: no error");
    } else {
      this.runAt("response");
    }
    stream_context.headers.response.replace("x-served", served.toString());
    return FilterHeadersStatusValues.Continue;
  }

  onLog(): void {
    this.runAt("log");
  }

  onAnswer(): void {
    if (this.name == "panic") {
      this.runAt("call");
    } else {
      say("runs call/" + this.name);
      stream_context.headers.request.replace("x-called", "yes");
      say("ended call/" + this.name + ": no error");
    }
    continue_request();
  }
}

class Plugin extends RootContext {
  onConfigure(configurationSize: u32): bool {
    super.onConfigure(configurationSize);
    const name = this.getConfiguration();
    if (name.length > 0) {
      run("configure", name, "");
    }
    set_tick_period_milliseconds(100);
    return true;
  }

  onTick(): void {
    if (armed.length > 0) {
      const name = armed;
      armed = "";
      run("timer", name, "");
    }
  }

  createContext(contextId: u32): Context {
    return new Stream(contextId, this);
  }
}

registerRootContext((contextId: u32) => {
  return new Plugin(contextId);
}, "");
