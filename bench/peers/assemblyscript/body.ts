export * from "@solo-io/proxy-runtime/proxy";
import {
  Context,
  FilterDataStatusValues,
  FilterHeadersStatusValues,
  registerRootContext,
  RootContext,
  stream_context,
} from "@solo-io/proxy-runtime";
import { BufferTypeValues, get_buffer_bytes } from "@solo-io/proxy-runtime/runtime";

/** Reads the request's body whole, and tells the client its length. */
class Body extends Context {
  private size: u32 = 0;
  private length: u32 = 0;

  onRequestBody(size: usize, endOfStream: bool): FilterDataStatusValues {
    this.size += size as u32;
    if (!endOfStream) {
      return FilterDataStatusValues.StopIterationAndBuffer;
    }
    this.length = get_buffer_bytes(BufferTypeValues.HttpRequestBody, 0, this.size).byteLength;
    return FilterDataStatusValues.Continue;
  }

  onResponseHeaders(_headers: u32, _endOfStream: bool): FilterHeadersStatusValues {
    stream_context.headers.response.replace("x-body-length", this.length.toString());
    return FilterHeadersStatusValues.Continue;
  }
}

class BodyRoot extends RootContext {
  createContext(contextId: u32): Context {
    return new Body(contextId, this);
  }
}

registerRootContext((contextId: u32) => {
  return new BodyRoot(contextId);
}, "");
