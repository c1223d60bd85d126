export * from "@solo-io/proxy-runtime/proxy";
import {
  Context,
  FilterHeadersStatusValues,
  registerRootContext,
  RootContext,
  stream_context,
} from "@solo-io/proxy-runtime";

/** Tells the upstream the path a second time. */
class Header extends Context {
  onRequestHeaders(_headers: u32, _endOfStream: bool): FilterHeadersStatusValues {
    const headers = stream_context.headers.request;
    headers.replace("x-path", headers.get(":path"));
    return FilterHeadersStatusValues.Continue;
  }
}

class HeaderRoot extends RootContext {
  createContext(contextId: u32): Context {
    return new Header(contextId, this);
  }
}

registerRootContext((contextId: u32) => {
  return new HeaderRoot(contextId);
}, "");
