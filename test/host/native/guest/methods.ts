/** The methods of the SDK's classes that the shim gives them: src/shim/methods.c for Node. */

import { getBody } from "./body.ts";
import { getCallBytes, getCallStatus } from "./calls.ts";
import { enterMessage, getMessage, headersView } from "./contexts.ts";
import { changeHeader, getFirstValue, getHeader, pickHeaders, removeHeader } from "./headers.ts";
import { jsonField, jsonPath } from "./json-field.ts";
import { pathname, requestQuery, search } from "./query.ts";
import { vm } from "./state.ts";
import { byteString } from "./values.ts";

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

const headers: PropertyDescriptor & ThisType<object> = {
  get() {
    return headersView(getMessage(this).headers);
  },
};

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

export function addMethods(): void {
  const { requestPrototype, responsePrototype, headersPrototype, bodyPrototype, callResponsePrototype } = vm.sdk;
  define(requestPrototype, {
    headers,
    method: pseudoHeader(":method"),
    path: pseudoHeader(":path"),
    authority: pseudoHeader(":authority"),
    pathname,
    search,
    query: method((request, name) => requestQuery(request, name)),
  });
  define(responsePrototype, { headers });
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
  });
  define(bodyPrototype, { jsonField: jsonFieldOf((view) => getBody(view, undefined, undefined)) });
  define(callResponsePrototype, {
    jsonField: jsonFieldOf(getCallBytes),
    status: {
      get(this: object) {
        return getCallStatus(this);
      },
    },
    ok: {
      get(this: object) {
        const status = getCallStatus(this);
        return status >= 200 && status <= 299;
      },
    },
  });
}
