import { TestHost } from "../../host/index.ts";
import type { CallRecord, TestHostOptions } from "../../host/index.ts";
import { tinyModule } from "./tiny-module.ts";
import type { TinyModule } from "./tiny-module.ts";

/** Loads a module that is made of steps. */
export async function load(on: TinyModule["on"], options: TestHostOptions = {}): Promise<TestHost> {
  return TestHost.load(tinyModule({ on }), options);
}

export function calls(host: TestHost, name: string): readonly CallRecord[] {
  return host.calls.filter((record) => record.call === name);
}

/** What each call of this name was answered with, in order. */
export function statuses(host: TestHost, name: string): readonly string[] {
  return calls(host, name).map(({ status }) => status);
}

export function messages(host: TestHost): readonly string[] {
  return host.logs.map(({ message }) => message);
}
