const ENOUGH = 10_000;

/** Adds to a list of which the newest 10 000 entries at least are kept, so that a host can run for days. */
export function keep<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length >= 2 * ENOUGH) {
    list.splice(0, list.length - ENOUGH);
  }
}
