/** What of this realm's globals differs from Node's. */

import { boundary } from "./boundary.ts";

/** `Date` goes by the host's clock, which a test may move. While the top level runs it is Node's. */
export function installClock(now: () => number): void {
  const RealDate = Date;
  const current = () => now() || RealDate.now();
  function HostDate(this: unknown, ...parameters: unknown[]): unknown {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- it may be called without `new`
    if (new.target === undefined) {
      return new RealDate(current()).toString();
    }
    const given = parameters.length === 0 ? [current()] : parameters;
    return Reflect.construct(RealDate, given, new.target === HostDate ? RealDate : new.target);
  }
  Object.defineProperties(HostDate, {
    prototype: { value: RealDate.prototype, writable: false },
    now: { value: current, writable: true, configurable: true },
    parse: { value: RealDate.parse.bind(RealDate), writable: true, configurable: true },
    UTC: { value: RealDate.UTC.bind(RealDate), writable: true, configurable: true },
    length: { value: 7, configurable: true },
    name: { value: "Date", configurable: true },
  });
  Object.defineProperty(RealDate.prototype, "constructor", { value: HostDate, writable: true, configurable: true });
  Object.defineProperty(globalThis, "Date", { value: HostDate, writable: true, configurable: true });
}

interface CallSite {
  getFileName(): string | null | undefined;
  getFunctionName(): string | null;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
}

/** Stacks have the places of the filter's sources, and no first line, as those of the module. */
export function installStacks(): void {
  (Error as { prepareStackTrace?: unknown }).prepareStackTrace = (_error: Error, sites: readonly CallSite[]) =>
    sites
      .flatMap((site) => {
        const place = boundary.position(
          site.getFileName() ?? "",
          site.getLineNumber() ?? 0,
          site.getColumnNumber() ?? 0,
        );
        const name = site.getFunctionName();
        return place === undefined ? [] : [name === null ? `    at ${place}` : `    at ${name} (${place})`];
      })
      .join("\n");
}
