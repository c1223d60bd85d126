export * from "@solo-io/proxy-runtime/proxy";
import {
  BaseContext,
  Context,
  continue_request,
  FilterHeadersStatusValues,
  HeaderPair,
  log,
  LogLevelValues,
  registerRootContext,
  RootContext,
  stream_context,
  WasmResultValues,
} from "@solo-io/proxy-runtime";

const CLUSTER = "back-python";

function pair(name: string, value: string): HeaderPair {
  return new HeaderPair(String.UTF8.encode(name), String.UTF8.encode(value));
}

/** Asks back-python before each request goes on. */
class Call extends Context {
  onRequestHeaders(_headers: u32, _endOfStream: bool): FilterHeadersStatusValues {
    const path = stream_context.headers.request.get(":path");
    const headers = [pair(":method", "GET"), pair(":path", path), pair(":authority", CLUSTER)];
    const result = this.root_context.httpCall(
      CLUSTER,
      headers,
      new ArrayBuffer(0),
      [],
      5000,
      this,
      (_origin: BaseContext, _headers: u32, _size: usize, _trailers: u32): void => {
        const status = stream_context.headers.http_callback.get(":status");
        log(LogLevelValues.info, CLUSTER + " answered " + status);
        continue_request();
      },
    );
    if (result != WasmResultValues.Ok) {
      log(LogLevelValues.error, "cannot call " + CLUSTER);
      return FilterHeadersStatusValues.Continue;
    }
    return FilterHeadersStatusValues.StopIteration;
  }
}

class CallRoot extends RootContext {
  createContext(contextId: u32): Context {
    return new Call(contextId, this);
  }
}

registerRootContext((contextId: u32) => {
  return new CallRoot(contextId);
}, "");
