import { BufferType, MapType, Status } from "../../src/abi/index.ts";
import type { StreamType } from "../../src/abi/index.ts";
import { BodyBuffer } from "./body-buffer.ts";
import type { HeaderMap } from "./header-map.ts";
import type { HttpMessage } from "./http-message.ts";
import type { LocalReply } from "./local-reply.ts";

/** What the host knows under a context id: the plugin (the root context), or one HTTP stream of it. */
export interface Context {
  readonly id: number;
  /** Undefined: the map is not there in this phase. */
  readonly map: (type: MapType, access: "read" | "change") => HeaderMap | undefined;
  /** Undefined: the buffer is not there in this phase. */
  readonly buffer: (type: BufferType) => BodyBuffer | undefined;
  readonly property: (path: readonly string[]) => string | undefined;
  readonly continueStream: (type: StreamType) => Status;
  readonly closeStream: (type: StreamType) => Status;
  readonly sendLocalResponse: (reply: LocalReply) => Status;
}

/** The plugin's own context. Answers to calls arrive here, whichever stream made them. */
export class RootContext implements Context {
  readonly id: number;
  readonly vmConfiguration: Uint8Array;
  readonly #properties: ReadonlyMap<string, string>;
  /** There while the plugin is being configured. */
  pluginConfiguration: Uint8Array | undefined;
  /** The answer to a call; there while its callback runs. */
  callResponse: HttpMessage | undefined;
  /** Why the last call failed, for proxy_get_status. */
  callStatus: { readonly code: number; readonly message: string } = { code: 0, message: "" };

  constructor(id: number, vmConfiguration: Uint8Array, properties: ReadonlyMap<string, string>) {
    this.id = id;
    this.vmConfiguration = vmConfiguration;
    this.#properties = properties;
  }

  map(type: MapType): HeaderMap | undefined {
    if (type === MapType.HttpCallResponseHeaders) {
      return this.callResponse?.headers;
    }
    return type === MapType.HttpCallResponseTrailers ? this.callResponse?.trailers : undefined;
  }

  buffer(type: BufferType): BodyBuffer | undefined {
    const readable = new Map<BufferType, Uint8Array | undefined>([
      [BufferType.VmConfiguration, this.vmConfiguration],
      [BufferType.PluginConfiguration, this.pluginConfiguration],
      [BufferType.HttpCallResponseBody, this.callResponse?.body],
    ]);
    const bytes = readable.get(type);
    return bytes && new BodyBuffer(bytes, false);
  }

  property(path: readonly string[]): string | undefined {
    return this.#properties.get(path.join("."));
  }

  /** Envoy takes these three for a root context and does nothing: there is no stream. */
  continueStream(): Status {
    return Status.Ok;
  }

  closeStream(): Status {
    return Status.Ok;
  }

  sendLocalResponse(): Status {
    return Status.Ok;
  }
}
