import { BufferType, MapType, Status, StreamType } from "../../src/abi/index.ts";
import { pluginAttribute } from "./attributes.ts";
import { BodyBuffer, emptyBuffer } from "./body-buffer.ts";
import type { HeaderMap } from "./header-map.ts";
import type { HttpMessage } from "./http-message.ts";
import type { LocalReply } from "./local-reply.ts";
import type { Attribute } from "./properties.ts";

/** What the host knows under a context id: a plugin (the root context), or one HTTP stream or TCP connection of it. */
export interface Context {
  readonly id: number;
  readonly root: RootContext;
  /** A map that is missing is a value that is missing then, and no bad argument. */
  readonly isLogging: boolean;
  /** Undefined: the map is not there in this phase. */
  readonly map: (type: MapType, access: "read" | "change") => HeaderMap | undefined;
  /** Undefined: the buffer is not there in this phase. */
  readonly buffer: (type: BufferType) => BodyBuffer | undefined;
  /** A top-level name of proxy_get_property. */
  readonly attribute: (name: string) => Attribute | undefined;
  /** What proxy_set_property has set; undefined where there is no stream. */
  readonly filterState: Map<string, Uint8Array> | undefined;
  readonly continueStream: (type: StreamType) => Status;
  readonly closeStream: (type: StreamType) => Status;
  readonly sendLocalResponse: (reply: LocalReply) => Status;
  /** True: there is a route to forget. */
  readonly clearRouteCache: () => boolean;
}

export interface RootSettings {
  readonly name: string;
  readonly rootId: string;
  readonly vmId: string;
  readonly vmConfiguration: Uint8Array;
}

/** The plugin's own context. Answers to calls arrive here, whichever stream made them. */
export class RootContext implements Context {
  readonly id: number;
  readonly settings: RootSettings;
  readonly isLogging = false;
  readonly filterState = undefined;
  /** There while the plugin is being configured. */
  pluginConfiguration: Uint8Array | undefined;
  /** The answer to a call; there while its callback runs. */
  callResponse: HttpMessage | undefined;
  /** What a gRPC call or stream received; there while its callback runs. */
  grpcInitialMetadata: HeaderMap | undefined;
  grpcTrailingMetadata: HeaderMap | undefined;
  grpcMessage: BodyBuffer | undefined;
  /** There while proxy_on_foreign_function runs. */
  foreignArguments: Uint8Array | undefined;
  /** Why the last call failed, for proxy_get_status. */
  callStatus: { readonly code: number; readonly message: string } = { code: 0, message: "" };

  constructor(id: number, settings: RootSettings) {
    this.id = id;
    this.settings = settings;
  }

  get root(): this {
    return this;
  }

  /** What calls received can be read, and not changed. */
  map(type: MapType, access: "read" | "change"): HeaderMap | undefined {
    const received = new Map<MapType, HeaderMap | undefined>([
      [MapType.HttpCallResponseHeaders, this.callResponse?.headers],
      [MapType.HttpCallResponseTrailers, this.callResponse?.trailers],
      [MapType.GrpcCallInitialMetadata, this.grpcInitialMetadata],
      [MapType.GrpcCallTrailingMetadata, this.grpcTrailingMetadata],
    ]);
    return access === "read" ? received.get(type) : undefined;
  }

  buffer(type: BufferType): BodyBuffer | undefined {
    const fixed = (bytes: Uint8Array | undefined) => bytes && new BodyBuffer(bytes, false);
    switch (type) {
      case BufferType.VmConfiguration:
        return fixed(this.settings.vmConfiguration);
      case BufferType.PluginConfiguration:
        return fixed(this.pluginConfiguration);
      case BufferType.HttpCallResponseBody:
        return fixed(this.callResponse?.body);
      case BufferType.GrpcCallMessage:
        return this.grpcMessage ?? emptyBuffer();
      case BufferType.ForeignFunctionArguments:
        return fixed(this.foreignArguments) ?? emptyBuffer();
      case BufferType.HttpRequestBody:
      case BufferType.HttpResponseBody:
      case BufferType.DownstreamData:
      case BufferType.UpstreamData:
        return emptyBuffer();
    }
  }

  attribute(name: string): Attribute | undefined {
    return pluginAttribute(name, this.settings);
  }

  /** There is no stream: Envoy does nothing, but says of the one direction that it has not made it yet. */
  continueStream(type: StreamType): Status {
    return type === StreamType.Upstream ? Status.Unimplemented : Status.Ok;
  }

  closeStream(): Status {
    return Status.Ok;
  }

  sendLocalResponse(): Status {
    return Status.Ok;
  }

  clearRouteCache(): boolean {
    return false;
  }
}
