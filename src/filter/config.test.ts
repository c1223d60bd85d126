import { expect, test } from "vitest";

import { readJumpConfig } from "./config.ts";

test("an empty configuration has a default for everything", () => {
  const defaults = {
    cluster: "back-python",
    authority: "back-python",
    path: undefined,
    method: undefined,
    phase: "request",
    timeoutMs: 5000,
    onFailure: "continue",
    match: "",
    forwardHeaders: ["x-request-id", "x-b3-*", "traceparent", "tracestate"],
    responseHeader: undefined,
  };
  expect(readJumpConfig(undefined)).toEqual(defaults);
  expect(readJumpConfig({})).toEqual(defaults);
});

test("the authority of a mesh's cluster is its host", () => {
  const cluster = "outbound|5000||back-python.jump.svc.cluster.local";
  expect(readJumpConfig({ cluster }).authority).toBe("back-python.jump.svc.cluster.local");
  expect(readJumpConfig({ cluster, authority: "python:5000" }).authority).toBe("python:5000");
});

test.each([
  [["back-python"], 'it must be a JSON object, for example {"cluster": "back-python"}, not ["back-python"]'],
  ["back-python", 'it must be a JSON object, for example {"cluster": "back-python"}, not "back-python"'],
  [{ cluster: "" }, 'cluster must be the name of a cluster, not ""'],
  [{ cluster: 5 }, "cluster must be the name of a cluster, not 5"],
  [{ authority: "a b" }, 'authority must be a host, or host:port, not "a b"'],
  [{ path: "jump" }, 'path must be a path that starts with "/", not "jump"'],
  [{ path: "/a b" }, 'path must be a path that starts with "/", not "/a b"'],
  [{ method: "get" }, 'method must be an HTTP method in capitals, not "get"'],
  [{ phase: "body" }, 'phase must be "request" or "response", not "body"'],
  [{ timeoutMs: 0 }, "timeoutMs must be an integer from 1 to 2147483647, not 0"],
  [{ timeoutMs: 1.5 }, "timeoutMs must be an integer from 1 to 2147483647, not 1.5"],
  [{ timeoutMs: "5" }, 'timeoutMs must be an integer from 1 to 2147483647, not "5"'],
  [{ onFailure: "abort" }, 'onFailure must be "continue" or "deny", not "abort"'],
  [{ match: "jump" }, 'match must be a path prefix that starts with "/", not "jump"'],
  [{ forwardHeaders: "x-a" }, 'forwardHeaders must be a list of header names, not "x-a"'],
  [{ forwardHeaders: ["x a"] }, 'forwardHeaders must be a list of header names, not ["x a"]'],
  [{ responseHeader: ":status" }, 'responseHeader must be a header name, not ":status"'],
  [
    { clutser: "a" },
    'unknown field "clutser"; there are cluster, authority, path, method, phase, timeoutMs, onFailure, match, forwardHeaders, responseHeader',
  ],
])("%j is refused", (json, reason) => {
  expect(() => readJumpConfig(json)).toThrow(reason);
});
