/** The methods of the SDK's classes that the shim gives them: src/shim/methods.c for Node. */

import { getBody, getBodySize, isBodyEnded, setBody } from "./body.ts";
import { getCallBytes, getCallStatus } from "./calls.ts";
import { bodyView, enterMap, enterMessage, getMessage, headersView } from "./contexts.ts";
import {
  changeHeader,
  getAllValues,
  getFirstValue,
  getHeader,
  getPairs,
  pickHeaders,
  removeHeader,
  setPairs,
} from "./headers.ts";
import { jsonField, jsonPath } from "./json-field.ts";
import { pathname, requestQuery, search } from "./query.ts";
import { vm } from "./state.ts";
import type { AnyFunction } from "./state.ts";
import { byteString, fromUtf8 } from "./values.ts";

function pseudoHeader(name: string): PropertyDescriptor & ThisType<object> {
  return {
    get() {
      return getFirstValue(enterMessage(this).headers.type, byteString(name)) ?? "";
    },
    set(value: unknown) {
      changeHeader("proxy_replace_header_map_value", this, name, value);
    },
  };
}

function getter(read: (view: object) => unknown): PropertyDescriptor & ThisType<object> {
  return {
    get() {
      return read(this);
    },
  };
}

function getState(view: object): unknown {
  const { stream } = getMessage(view);
  const definition = stream.plugin.filter?.definition;
  const create = definition?.["state"] as AnyFunction | undefined;
  if (stream.state === undefined && create !== undefined) {
    stream.state = create.call(definition);
  }
  return stream.state;
}

function method(run: (view: object, ...parameters: unknown[]) => unknown): PropertyDescriptor {
  return {
    value(this: object, ...parameters: unknown[]) {
      return run(this, ...parameters);
    },
    writable: true,
  };
}

function jsonFieldOf(bytes: (view: object) => Uint8Array): PropertyDescriptor {
  return method((view, path) => {
    const names = jsonPath(path);
    return jsonField(bytes(view), names);
  });
}

function define(prototype: object, members: Readonly<Record<string, PropertyDescriptor>>): void {
  for (const [name, member] of Object.entries(members)) {
    Object.defineProperty(prototype, name, { ...member, configurable: true });
  }
}

/** Of requests and responses. */
const messageMembers = {
  headers: getter((view) => headersView(getMessage(view).headers)),
  trailers: getter((view) => headersView(getMessage(view).trailers)),
  body: getter((view) => bodyView(getMessage(view).body)),
  state: getter(getState),
  contextId: getter((view) => getMessage(view).stream.id),
};

export function addMethods(): void {
  const { requestPrototype, responsePrototype, connectionPrototype, headersPrototype } = vm.sdk;
  const { bodyPrototype, callResponsePrototype } = vm.sdk;
  define(requestPrototype, {
    ...messageMembers,
    method: pseudoHeader(":method"),
    path: pseudoHeader(":path"),
    authority: pseudoHeader(":authority"),
    pathname,
    search,
    query: method((request, name) => requestQuery(request, name)),
  });
  define(responsePrototype, {
    ...messageMembers,
    status: {
      ...pseudoHeader(":status"),
      ...getter((view) => Number(getFirstValue(enterMessage(view).headers.type, byteString(":status")) ?? 0)),
    },
  });
  if (connectionPrototype !== undefined) {
    define(connectionPrototype, {
      downstreamData: getter((view) => bodyView(getMessage(view).body)),
      upstreamData: getter((view) => bodyView(getMessage(view).stream.response.body)),
      state: messageMembers.state,
      contextId: messageMembers.contextId,
    });
  }
  define(bodyPrototype, {
    size: getter(getBodySize),
    ended: getter(isBodyEnded),
    bytes: method((view, offset, length) => getBody(view, offset, length)),
    text: method((view) => fromUtf8(getBody(view, undefined, undefined))),
    set: method((view, value) => {
      setBody(view, value);
    }),
    jsonField: jsonFieldOf((view) => getBody(view, undefined, undefined)),
  });
  const entries = method((view) => getPairs(enterMap(view)).values());
  define(headersPrototype, {
    get: method((view, name) => getHeader(view, name) ?? null),
    has: method((view, name) => getHeader(view, name) !== undefined),
    pick: method((view, patterns) => pickHeaders(view, patterns as unknown[])),
    set: method((view, name, value) => {
      changeHeader("proxy_replace_header_map_value", view, name, value);
    }),
    append: method((view, name, value) => {
      changeHeader("proxy_add_header_map_value", view, name, value);
    }),
    delete: method((view, name) => {
      removeHeader(view, name);
    }),
    getAll: method((view, name) => getAllValues(view, name)),
    replaceAll: method((view, pairs) => {
      setPairs(view, pairs);
    }),
    entries,
  });
  Object.defineProperty(headersPrototype, Symbol.iterator, { ...entries, configurable: true });
  define(callResponsePrototype, {
    jsonField: jsonFieldOf(getCallBytes),
    status: getter(getCallStatus),
    ok: getter((view) => {
      const status = getCallStatus(view);
      return status >= 200 && status <= 299;
    }),
  });
}
