/**
 * Orders in which so many variants take turns, one after the other: in all of them together, each comes directly after each other one
 * equally often, and at each place (a Williams design). What the one before leaves in the processor's caches and predictors is otherwise
 * counted for the same one each time: of two variants that were the same module, one cost 3 % more of a request than the other, because
 * it always came after the listener without a filter.
 *
 * @returns as many orders as variants, or twice as many when their number is odd
 */
export function turnOrders(count: number): number[][] {
  // 0, 1, n - 1, 2, n - 2, ...: all differences of neighbours are other ones.
  const first = Array.from({ length: count }, (_, at) => (at % 2 === 1 ? (at + 1) / 2 : (count - at / 2) % count));
  const shifted = first.map((_, by) => first.map((index) => (index + by) % count));
  return count % 2 === 0 ? shifted : [...shifted, ...shifted.map((order) => order.toReversed())];
}
