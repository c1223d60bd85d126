/**
 * Matchers of vitest for the test host, and the transcript of each host whose test fails. Import it in a test, or name it in
 * `setupFiles`.
 *
 * @example
 * ```ts
 * import "proxy-wasm-ts/testing/vitest";
 *
 * expect(host).toHaveLogged(/called back-python/);
 * expect(host).toHaveCalled("proxy_http_call", { upstream_name: "back-python" });
 * expect(host).toHaveMetric("requests", 1);
 * ```
 *
 * @module
 */

import { beforeEach, expect } from "vitest";

import type { HostCall } from "../../src/abi/index.ts";
import type { LogLevelName } from "./log.ts";
import { onHostLoaded } from "./loaded-hosts.ts";
import { TestHost } from "./test-host.ts";

interface FilterMatchers<R> {
  /**
   * The log has a line with this text, or one that matches.
   *
   * @param options - `level`: of the line; `times`: how many such lines there are, default: at least one
   */
  toHaveLogged(text: string | RegExp, options?: { readonly level?: LogLevelName; readonly times?: number }): R;
  /**
   * The filter made this host call.
   *
   * @param values - arguments and results under the specification's names, and `status`; those that are not named may be anything
   * @param options - `times`: how many such calls there are, default: at least one
   */
  toHaveCalled(call: HostCall, values?: Readonly<Record<string, unknown>>, options?: { readonly times?: number }): R;
  /** The metric's value; of a histogram, its values in order. */
  toHaveMetric(name: string, value: number | readonly number[]): R;
}

declare module "vitest" {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any, @typescript-eslint/no-empty-object-type -- as vitest declares it
  interface Matchers<T = any> extends FilterMatchers<T> {}
}

function hostOf(received: unknown, matcher: string): TestHost {
  if (!(received instanceof TestHost)) {
    throw new TypeError(`${matcher} is for a TestHost: expect(host).${matcher}(...)`);
  }
  return received;
}

/** The outcome of a matcher that counts. */
function counted(host: TestHost, found: number, times: number | undefined, what: string, seen: () => string) {
  const pass = times === undefined ? found > 0 : found === times;
  const wanted = times === undefined ? "" : ` ${times} times, and it was ${found} times`;
  return {
    pass,
    message: () => `expected that the filter had ${pass ? "not " : ""}${what}${wanted}\n\n${seen()}\n\n${story(host)}`,
  };
}

function story(host: TestHost): string {
  return `what happened:\n${host.transcript()}`;
}

function list(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? `${title}: nothing` : `${title}:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

expect.extend({
  toHaveLogged(
    received: unknown,
    text: string | RegExp,
    { level, times }: { readonly level?: LogLevelName; readonly times?: number } = {},
  ) {
    const host = hostOf(received, "toHaveLogged");
    const matches = (message: string) => (typeof text === "string" ? message.includes(text) : text.test(message));
    const found = host.logs.filter((line) => (level === undefined || line.level === level) && matches(line.message));
    const what = `logged ${level === undefined ? "" : `(${level}) `}${typeof text === "string" ? JSON.stringify(text) : String(text)}`;
    return counted(host, found.length, times, what, () =>
      list(
        "its log",
        host.logs.map((line) => `[${line.level}] ${line.message}`),
      ),
    );
  },

  toHaveCalled(
    received: unknown,
    call: HostCall,
    values: Readonly<Record<string, unknown>> = {},
    { times }: { readonly times?: number } = {},
  ) {
    const host = hostOf(received, "toHaveCalled");
    const calls = host.calls.filter((record) => record.call === call);
    const found = calls.filter((record) =>
      Object.entries(values).every(([name, value]) => this.equals(record[name], value, this.customTesters)),
    );
    const what = `called ${call} with ${this.utils.stringify(values)}`;
    return counted(host, found.length, times, what, () =>
      list(
        `its calls of ${call}`,
        calls.map((record) => this.utils.stringify(record)),
      ),
    );
  },

  toHaveMetric(received: unknown, name: string, value: number | readonly number[]) {
    const host = hostOf(received, "toHaveMetric");
    const metric = host.metrics.get(name);
    const actual = metric === undefined ? undefined : "values" in metric ? metric.values : metric.value;
    const pass = this.equals(actual, value);
    const names = [...host.metrics.keys()];
    return {
      pass,
      message: () =>
        metric === undefined
          ? `there is no metric ${JSON.stringify(name)}; the filter has defined ${names.join(", ") || "none"}\n\n${story(host)}`
          : `expected that the metric ${name} was ${pass ? "not " : ""}${this.utils.stringify(value)}, and it is ${this.utils.stringify(actual)}\n\n${story(host)}`,
      actual,
      expected: value,
    };
  },
});

beforeEach(({ onTestFailed }) => {
  const hosts: TestHost[] = [];
  const stop = onHostLoaded((host) => {
    hosts.push(host);
  });
  onTestFailed(() => {
    for (const [index, host] of hosts.entries()) {
      const name = hosts.length === 1 ? "the host" : `host ${index + 1} of ${hosts.length}`;
      console.error(`Between ${name} and its filter:\n${host.transcript()}`);
    }
  });
  return stop;
});
