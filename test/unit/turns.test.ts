import { expect, test } from "vitest";

import { turnOrders } from "../../bench/turns.ts";

test.each([1, 2, 3, 4, 5, 6, 7, 8])("%i variants follow each other, and have each place, equally often", (count) => {
  const orders = turnOrders(count);
  const indices = Array.from({ length: count }, (_, index) => index);
  const pairs = new Map<string, number>();
  for (const order of orders) {
    expect(order.toSorted((a, b) => a - b)).toEqual(indices);
    for (const [at, index] of order.slice(1).entries()) {
      const pair = `${order[at] ?? ""} ${index}`;
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    }
  }
  const times = orders.length / count;
  expect(pairs).toEqual(
    new Map(indices.flatMap((a) => indices.filter((b) => b !== a).map((b) => [`${a} ${b}`, times] as const))),
  );
  for (const at of indices) {
    const there = orders.map((order) => order[at] ?? -1).toSorted((a, b) => a - b);
    expect(there).toEqual(indices.flatMap((index) => Array<number>(times).fill(index)));
  }
});
