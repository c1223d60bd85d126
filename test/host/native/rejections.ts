/**
 * Promises of filters in native mode that were rejected and that nobody handles. Node tells of them when it has nothing else to do,
 * a little later than the module would, and would end the process or fail the test: they are the filter's, and go to its log.
 */

const reports = new WeakMap<object, (reason: unknown) => void>();
let isInstalled = false;

/** @param prototype - of the realm's promises */
export function claimRejections(prototype: object, report: (reason: unknown) => void): void {
  reports.set(prototype, report);
  if (isInstalled) {
    return;
  }
  isInstalled = true;
  const emit = process.emit.bind(process) as (event: string | symbol, ...parameters: unknown[]) => boolean;
  // A listener could not keep the event from those that others have added.
  (process as { emit: typeof emit }).emit = (event, ...parameters) => {
    const claimed = event === "unhandledRejection" ? prototypeOf(parameters[1]) : undefined;
    const report = claimed === undefined ? undefined : reports.get(claimed);
    if (report === undefined) {
      return emit(event, ...parameters);
    }
    report(parameters[0]);
    return true;
  };
}

function prototypeOf(value: unknown): object | undefined {
  return typeof value === "object" && value !== null ? (Object.getPrototypeOf(value) as object) : undefined;
}
