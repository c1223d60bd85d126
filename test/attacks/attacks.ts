/* eslint-disable @typescript-eslint/no-unsafe-return, @typescript-eslint/await-thenable, @typescript-eslint/no-extraneous-class, @typescript-eslint/no-unnecessary-type-assertion -- this is what filters should not do */
/**
 * Code that a filter should not have: each of these would freeze or fill a worker without guards. `test/shim/guards.test.ts` counts what
 * each costs, `test/wasm/sdk/attacks.test.ts` and `test/envoy/attacks.test.ts` run them in a module.
 *
 * Nothing here knows the SDK, but for sdk-attacks.ts.
 */

import { sdkAttacks } from "./sdk-attacks.ts";
import type { SdkFunctions } from "./sdk-attacks.ts";

/** What ends it: the deadline, the heap's limit, the stack's, or an error of its own. */
export type End = "time" | "heap" | "stack" | "error";

export interface Attack {
  readonly end: End | readonly End[];
  readonly run: (sdk: SdkFunctions) => unknown;
}

const time = (run: () => unknown): Attack => ({ end: "time", run });
const heap = (run: () => unknown): Attack => ({ end: "heap", run });
const stack = (run: () => unknown): Attack => ({ end: "stack", run });
const any = (run: () => unknown): Attack => ({ end: ["time", "heap"], run });
const error = (run: () => unknown): Attack => ({ end: "error", run });

const MILLION = 1_000_000;
const forever = (run: () => unknown) => () => {
  for (;;) {
    run();
  }
};
const text = (size: number, of = "a") => of.repeat(Math.ceil(size / of.length));
const hole = (length: number): unknown[] => ({ length }) as unknown as unknown[];
const arrays = Array.prototype;
/** Nested by `step` until something gives. */
function nested<T>(from: T, depth: number, step: (inner: T) => T): T {
  let value = from;
  for (let i = 0; i < depth; i++) {
    value = step(value);
  }
  return value;
}
function twice(value: unknown): unknown[] {
  return [value, value];
}

export const loops: Readonly<Record<string, Attack>> = {
  loop: time(forever(() => undefined)),
  loopThatCatches: time(
    forever(() => {
      try {
        for (;;) {
          Math.abs(1);
        }
      } catch {
        return;
      }
    }),
  ),
  loopWithFinally: time(() => {
    for (;;) {
      try {
        for (;;) {
          Math.abs(1);
        }
      } finally {
        continue;
      }
    }
  }),
  loopInPromise: time(
    forever(
      () =>
        new Promise(() => {
          for (;;) {
            Math.abs(1);
          }
        }),
    ),
  ),
  loopInGetter: time(
    () =>
      ({
        get value(): number {
          for (;;) {
            Math.abs(1);
          }
        },
      }).value,
  ),
  loopInToString: time(() => String({ toString: forever(() => undefined) })),
  loopInProxy: time(() => (new Proxy({}, { get: forever(() => undefined) }) as { a?: 1 }).a),
  loopInSort: time(() => [3, 2, 1].sort(forever(() => undefined) as never)),
  loopInIterator: time(() => {
    const iterator = {
      next: () => ({ done: false, value: 1 }),
      return: forever(() => undefined) as () => IteratorResult<number>,
    };
    for (const value of { [Symbol.iterator]: () => iterator }) {
      Math.abs(value);
    }
  }),
  loopInGenerator: time(() => {
    function* numbers() {
      for (;;) {
        yield 1;
      }
    }
    let sum = 0;
    for (const value of numbers()) {
      sum += value;
    }
    return sum;
  }),
  iteratorDrop: time(() => {
    function* numbers() {
      for (;;) {
        yield 1;
      }
    }
    return (numbers() as unknown as { drop: (count: number) => Iterator<number> }).drop(1e15).next();
  }),
  loopInSetter: time(() => {
    ({
      set value(_: number) {
        for (;;) {
          Math.abs(1);
        }
      },
    }).value = 1;
  }),
  loopInReplacer: time(() => JSON.stringify([1], forever(() => undefined) as never)),
  loopInReviver: time(() => JSON.parse("[1]", forever(() => undefined) as never) as unknown),
  loopInHasInstance: time(
    () =>
      ({}) instanceof
      class {
        static readonly [Symbol.hasInstance] = forever(() => undefined) as (value: unknown) => boolean;
      },
  ),
};

export const promises: Readonly<Record<string, Attack>> = {
  asyncLoop: time(async () => {
    await null;
    for (;;) {
      Math.abs(1);
    }
  }),
  asyncLoopOfAwaits: time(async () => {
    for (;;) {
      await null;
    }
  }),
  asyncLoopThatCatches: time(async () => {
    for (;;) {
      try {
        await null;
        for (;;) {
          Math.abs(1);
        }
      } catch {
        Math.abs(1);
      }
    }
  }),
  breedingThens: time(() => {
    const breed = (): Promise<void> => Promise.resolve().then(breed);
    return breed();
  }),
  breedingCatches: time(() => {
    const breed = (): Promise<unknown> =>
      new Promise(() => {
        for (;;) {
          Math.abs(1);
        }
      }).catch(breed);
    return breed();
  }),
  breedingTwins: any(() => {
    const breed = (): void => {
      void Promise.resolve().then(breed);
      void Promise.resolve().then(breed);
    };
    breed();
    return new Promise(() => undefined);
  }),
  breedingMicrotasks: time(() => {
    const breed = (): void => {
      queueMicrotask(breed);
    };
    breed();
    return new Promise(() => undefined);
  }),
  breedingThenables: time(() => {
    const thenable = {
      then: (resolve: (value: unknown) => void) => {
        resolve(thenable);
      },
    };
    return thenable;
  }),
  asyncGenerator: time(async () => {
    async function* numbers() {
      for (;;) {
        yield await Promise.resolve(1);
      }
    }
    let sum = 0;
    for await (const value of numbers()) {
      sum += value;
    }
    return sum;
  }),
  manyJobs: {
    end: "error",
    run: () => Promise.all(Array.from({ length: 200_000 }, () => Promise.resolve(1).then(() => 2))),
  },
};

export const builtins: Readonly<Record<string, Attack>> = {
  // Over a length and nothing in it.
  reverse: any(() => arrays.reverse.call(hole(2 ** 53 - 1))),
  join: any(() => arrays.join.call(hole(2 ** 32 - 1), "")),
  fill: any(() => arrays.fill.call(hole(2 ** 53 - 1), 1)),
  indexOf: any(() => arrays.indexOf.call(hole(2 ** 53 - 1), 1)),
  lastIndexOf: any(() => arrays.lastIndexOf.call(hole(2 ** 53 - 1), 1)),
  includes: any(() => arrays.includes.call(hole(2 ** 53 - 1), 1)),
  copyWithin: any(() => arrays.copyWithin.call(hole(2 ** 53 - 1), 0, 1)),
  sort: any(() => arrays.sort.call(hole(2 ** 53 - 1))),
  shift: any(() => arrays.shift.call(hole(2 ** 53 - 1))),
  unshift: any(() => arrays.unshift.call(hole(2 ** 53 - 2), 1)),
  splice: any(() => arrays.splice.call(hole(2 ** 53 - 2), 0, 1)),
  slice: any(() => arrays.slice.call(hole(2 ** 32 - 1))),
  concat: any(() => arrays.concat.call([], Object.assign(hole(2 ** 52), { [Symbol.isConcatSpreadable]: true }))),
  flat: any(() => arrays.flat.call(hole(2 ** 53 - 1))),
  find: any(() => arrays.find.call(hole(2 ** 53 - 1), () => false)),
  toReversed: error(() => arrays.toReversed.call(hole(2 ** 32 - 1))),
  arrayFrom: error(() => Array.from(hole(2 ** 52))),
  arrayFill: any(() => Array(1e8).fill(1)),
  arrayJoin: any(() => Array(2 ** 32 - 1).join("")),
  typedArrayFrom: error(() => Uint8Array.from(hole(2 ** 31))),
  // What is small and stands for much.
  joinOfDoubles: {
    end: ["time", "heap", "stack"],
    run: () => String(nested<unknown>("", 60, twice)),
  },
  jsonOfDoubles: any(() => JSON.stringify(nested<unknown>([], 60, twice))),
  flatOfDoubles: any(() => (nested<unknown>([], 60, twice) as unknown[]).flat(Infinity)),
  concatOfStrings: error(() => nested("ab", 60, (inner) => inner + inner)),
  repeat: any(forever(() => text(2 ** 25).length)),
  padStart: any(forever(() => "".padStart(2 ** 25, "ab").length)),
  replaceAll: any(() => nested("aa", 60, (inner) => inner.replaceAll("a", inner))),
  replaceEmpty: any(() => nested("aa", 60, (inner) => inner.replaceAll("", inner))),
  encode: any(forever(() => encodeURIComponent(text(4 * MILLION, "/")).length)),
  decode: any(forever(() => decodeURIComponent(text(4 * MILLION, "%2F")).length)),
  fromCharCodes: any(forever(() => String.fromCharCode(...Array<number>(60_000).fill(65)))),
  split: any(forever(() => text(4 * MILLION).split("").length)),
  // Their product.
  stringSearch: time(forever(() => text(MILLION).indexOf(`${text(MILLION / 2)}b`))),
  stringSearchBackwards: time(forever(() => text(MILLION).lastIndexOf(`b${text(MILLION / 2)}`))),
  stringIncludes: time(forever(() => text(MILLION).includes(`${text(MILLION / 2)}b`))),
  stringReplace: time(forever(() => text(MILLION).replace(`${text(MILLION / 2)}b`, ""))),
  stringSplit: time(forever(() => text(MILLION).split(`${text(MILLION / 2)}b`))),
  normalize: any(forever(() => text(MILLION, "\u0345\u0301\u0323\u0316").normalize("NFD").length)),
  localeCompare: any(forever(() => text(MILLION, "\u0345\u0301\u0323\u0316").localeCompare("a"))),
  // Again and again over what is large.
  compareStrings: time(() => {
    const [one, two] = [`${text(8 * MILLION)}b`, `${text(8 * MILLION)}c`];
    for (;;) {
      if (one === two) {
        return;
      }
    }
  }),
  sortStrings: time(() => {
    const strings = [`${text(4 * MILLION)}b`, `${text(4 * MILLION)}c`, `${text(4 * MILLION)}d`];
    return Array.from({ length: 10_000 }, (_, index) => strings[(index * 7) % 3]).sort();
  }),
  includesStrings: time(() => {
    const [one, two] = [`${text(4 * MILLION)}b`, `${text(4 * MILLION)}c`];
    const many = Array<string>(100_000).fill(one);
    return many.includes(two) || many.indexOf(two) === 1 || many.lastIndexOf(two);
  }),
  keysOfStrings: time(() => {
    const key = text(8 * MILLION);
    const map = new Map([[key, 1]]);
    for (;;) {
      map.get(key);
    }
  }),
  trim: any(() => {
    const spaces = " ".repeat(2 * MILLION);
    for (;;) {
      spaces.trim();
    }
  }),
  wellFormed: any(() => {
    const words = "\u20ac".repeat(4 * MILLION);
    for (;;) {
      (words as unknown as { isWellFormed: () => boolean }).isWellFormed();
    }
  }),
  upperCase: any(() => {
    const words = text(4 * MILLION);
    for (;;) {
      words.toUpperCase();
    }
  }),
  sortNumbers: any(() => {
    const numbers = new Float64Array(4 * MILLION);
    for (let i = 0, n = 1; i < numbers.length; i += 1000) {
      numbers[i] = n = (n * 48271) % 2147483647;
    }
    for (;;) {
      numbers.sort();
      numbers.reverse();
    }
  }),
  sortWithFunction: time(() =>
    Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 300_007).sort(
      (a, b) => Number(String(a)) - Number(String(b)),
    ),
  ),
  typedFill: any(() => {
    const numbers = new Uint16Array(16 * MILLION);
    for (;;) {
      numbers.fill(1);
    }
  }),
  typedIndexOf: any(() => {
    const numbers = new Uint16Array(16 * MILLION);
    for (;;) {
      numbers.indexOf(1);
    }
  }),
  typedReverse: any(() => {
    const numbers = new Uint16Array(16 * MILLION);
    for (;;) {
      numbers.reverse();
    }
  }),
  typedCopy: any(() => {
    const numbers = new Uint8Array(24 * MILLION);
    for (;;) {
      numbers.copyWithin(0, 1);
      numbers.set(numbers.subarray(1));
    }
  }),
  arrayReverse: any(() => {
    const many = Array<number>(MILLION).fill(1);
    for (;;) {
      many.reverse();
    }
  }),
  arrayIncludes: any(() => {
    const many = Array<number>(MILLION).fill(1);
    for (;;) {
      many.includes(2);
    }
  }),
  spread: any(() => {
    const many = Array<number>(MILLION).fill(1);
    for (;;) {
      Math.abs([...many].length);
    }
  }),
  keys: any(() => {
    const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, i]));
    for (;;) {
      Object.keys(many);
    }
  }),
  parseJson: any(() => {
    const json = JSON.stringify(Array(200_000).fill({ a: [1, "two"] }));
    for (;;) {
      JSON.parse(json);
    }
  }),
  prototypes: time(() => {
    const object = nested<object>({}, 20_000, (inner) => Object.create(inner) as object) as { missing?: 1 };
    for (;;) {
      if (object.missing === 1) {
        return;
      }
    }
  }),
  setOfObjects: any(() => new Set(Array.from({ length: 10 * MILLION }, () => ({})))),
  // Numbers.
  bigintPower: { end: ["time", "error"], run: forever(() => 3n ** 80_000n) },
  bigintTooLarge: { end: "error", run: () => 3n ** 1_000_000n },
  bigintProduct: time(() => {
    const big = 3n ** 40_000n;
    for (;;) {
      if (big * big === 1n) {
        return;
      }
    }
  }),
  bigintDivision: time(() => {
    const [big, half] = [3n ** 80_000n, 3n ** 40_000n + 5n];
    for (;;) {
      if (big / half === 1n || big % half === 1n) {
        return;
      }
    }
  }),
  bigintToString: time(() => {
    const big = 3n ** 80_000n;
    for (;;) {
      big.toString();
    }
  }),
  bigintFromString: time(() => {
    const digits = "7".repeat(38_000);
    for (;;) {
      BigInt(digits);
    }
  }),
  // Regular expressions.
  backtracking: time(() => /^(?:a+)+$/.test(`${text(60)}b`)),
  backtrackingWithGroups: time(() => /^(a|aa)+$/.test(`${text(100)}b`)),
  backtrackingLookahead: time(() => /^(?=(a+)+b)/.test(text(60))),
  backreferences: time(() => /(a*)*\1\1\1b/.test(text(60))),
  manyMatches: time(forever(() => text(100_000).replace(/a/g, "b").length)),
  shortMatches: time(forever(() => /a.*b/.test("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))),
  matchAll: any(forever(() => [...text(100_000).matchAll(/a/g)].length)),
};

export const memory: Readonly<Record<string, Attack>> = {
  strings: heap(() => {
    const held: string[] = [];
    for (let i = 0; ; i++) {
      held.push("x".repeat(MILLION) + String(i));
    }
  }),
  buffers: heap(() => {
    const held: Uint8Array[] = [];
    for (;;) {
      held.push(new Uint8Array(MILLION));
    }
  }),
  objects: any(() => {
    let held: object = {};
    for (;;) {
      held = { held };
    }
  }),
  cycles: any(() => {
    const held: object[] = [];
    for (;;) {
      const cycle: { self?: object; bytes: Uint8Array } = { bytes: new Uint8Array(10_000) };
      cycle.self = cycle;
      held.push(cycle);
    }
  }),
  closures: any(() => {
    let held: () => unknown = () => undefined;
    for (;;) {
      const inner = held;
      held = () => inner;
    }
  }),
  properties: any(() => {
    const held: Record<string, number> = {};
    for (let i = 0; ; i++) {
      held[`property-${i}`] = i;
    }
  }),
  map: any(() => {
    const held = new Map<number, number>();
    for (let i = 0; ; i++) {
      held.set(i, i);
    }
  }),
  buffer: heap(() => new Uint8Array(2 ** 30)),
  hugeArray: any(() => Array<number>(50 * MILLION).fill(1)),
  ropes: any(() => {
    let held = "";
    for (;;) {
      held = `(${held})`;
    }
  }),
  symbols: any(() => {
    const held: symbol[] = [];
    for (let i = 0; ; i++) {
      held.push(Symbol(`s${i}`));
    }
  }),
};

/** Names that end up as calls of themselves. */
function callAgain(): number {
  return callAgain() + 1;
}

class Recursive {
  get again(): number {
    return this.again + 1;
  }

  toString(): string {
    return `${String(this)}!`;
  }

  toJSON(): string {
    return JSON.stringify(this);
  }

  [Symbol.toPrimitive](): number {
    return Number(this) + 1;
  }
}

export const recursions: Readonly<Record<string, Attack>> = {
  calls: stack(callAgain),
  getters: stack(() => new Recursive().again),
  toStrings: stack(() => new Recursive().toString()),
  toPrimitives: stack(() => Number(new Recursive())),
  toJsons: stack(() => JSON.stringify(new Recursive())),
  sorts: stack(() => {
    const sort = (): number[] => [2, 1].sort(() => sort().length);
    return sort();
  }),
  maps: stack(() => {
    const map = (): unknown => [1].map(map);
    return map();
  }),
  replaces: stack(() => {
    const replace = (): string => "a".replace(/a/, replace);
    return replace();
  }),
  reviver: stack(() => {
    const parse = (): unknown => JSON.parse("[1]", parse);
    return parse();
  }),
  applies: stack(() => {
    const apply = (): unknown => Reflect.apply(apply, undefined, []);
    return apply();
  }),
  constructs: stack(() => {
    class Again {
      readonly inner = new Again();
    }
    return new Again();
  }),
  bound: stack(() => {
    const call = nested(
      () => 1,
      2000,
      (inner) => inner.bind(undefined),
    );
    return call();
  }),
  boundInstanceOf: stack(() => {
    const type = nested<new () => object>(Object, 2000, (inner) => inner.bind(undefined) as new () => object);
    return {} instanceof type;
  }),
  proxies: stack(() => {
    const proxy = nested<{ a?: 1 }>({}, 5000, (inner) => new Proxy(inner, {}));
    return proxy.a;
  }),
  proxiesHas: stack(() => "a" in nested<object>({}, 5000, (inner) => new Proxy(inner, {}))),
  proxiesKeys: stack(() => Object.keys(nested<object>({}, 5000, (inner) => new Proxy(inner, {})))),
  proxyCalls: stack(() => {
    const call = nested(
      () => 1,
      5000,
      (inner) => new Proxy(inner, {}),
    );
    return call();
  }),
  proxiesAsPrototypes: stack(() => {
    const object = nested<{ a?: 1 }>({}, 5000, (inner) => Object.create(new Proxy(inner, {})) as object);
    return object.a;
  }),
  proxiesSet: stack(() =>
    Reflect.set(
      nested<object>({}, 5000, (inner) => new Proxy(inner, {})),
      "a",
      1,
    ),
  ),
  patternOfGroups: { end: ["stack", "error"], run: () => new RegExp(`${"(".repeat(100_000)}${")".repeat(100_000)}`) },
  patternOfClasses: { end: ["stack", "error"], run: () => new RegExp("[".repeat(100_000), "v") },
  parseNestedWithReviver: stack(
    () => JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`, (_, value: unknown) => value) as unknown,
  ),
  parseNested: stack(() => JSON.parse("[".repeat(100_000)) as unknown),
  parseNestedObjects: stack(() => JSON.parse('{"a":'.repeat(100_000)) as unknown),
  stringifyNested: stack(() => JSON.stringify(nested<unknown>([], 20_000, (inner) => [inner]))),
  flatNested: stack(() => nested<unknown[]>([], 20_000, (inner) => [inner]).flat(Infinity)),
  joinNested: stack(() => String(nested<unknown>([], 20_000, (inner) => [inner]))),
  generators: stack(() => {
    function* again(): Generator<number> {
      yield* again();
    }
    return [...again()];
  }),
  asyncCalls: stack(async () => {
    const again = async (): Promise<void> => {
      await again();
    };
    await again();
  }),
  spreadOfArguments: { end: ["stack", "error", "heap"], run: () => Math.max(...Array<number>(200_000).fill(1)) },
  applyOfArguments: {
    end: ["stack", "error", "heap"],
    run: () => Math.max.apply(null, Array<number>(500_000).fill(1)),
  },
  instances: stack(() => {
    class Again {
      static [Symbol.hasInstance](value: unknown): boolean {
        return value instanceof Again;
      }
    }
    return {} instanceof Again;
  }),
  causes: {
    end: "error",
    run: () => {
      throw nested(new Error("first"), 20_000, (cause) => new Error("next", { cause }));
    },
  },
};

const circular: { self?: unknown } = {};
circular.self = circular;
const circularError = new Error("circular");
circularError.cause = circularError;
function throwing(value: unknown): Attack {
  return {
    end: "error",
    run: () => {
      throw value;
    },
  };
}
const fails = (): never => {
  throw new Error("a getter that throws");
};

/** What else can be thrown. */
export const thrown: Readonly<Record<string, Attack>> = {
  undefined: throwing(undefined),
  null: throwing(null),
  number: throwing(0),
  bigint: throwing(1n),
  symbol: throwing(Symbol("thrown")),
  emptyString: throwing(""),
  function: throwing(() => undefined),
  circular: throwing(circular),
  circularCause: throwing(circularError),
  toStringThrows: throwing({ toString: fails }),
  toStringOfNothing: throwing({ toString: () => ({}) }),
  messageThrows: throwing(Object.defineProperty(new Error("message"), "message", { get: fails })),
  nameThrows: throwing(Object.defineProperty(new Error("name"), "name", { get: fails })),
  stackThrows: throwing(Object.defineProperty(new Error("stack"), "stack", { get: fails })),
  stackIsNoText: throwing(Object.defineProperty(new Error("stack"), "stack", { value: { toString: fails } })),
  causeThrows: throwing(Object.defineProperty(new Error("cause"), "cause", { get: fails })),
  loopInToString: {
    end: "error",
    run: () => {
      throw { toString: forever(() => undefined) } as unknown as Error;
    },
  },
  loopInStack: {
    end: "error",
    run: () => {
      throw Object.defineProperty(new Error("stack"), "stack", { get: forever(() => undefined) });
    },
  },
  proxy: throwing(new Proxy({}, { get: fails, has: fails, ownKeys: fails, getPrototypeOf: fails })),
  revokedProxy: {
    end: "error",
    run: () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      throw proxy as unknown as Error;
    },
  },
  noPrototype: throwing(Object.create(null)),
  hugeMessage: {
    end: "error",
    run: () => {
      throw new Error("x".repeat(20 * MILLION));
    },
  },
  manyCauses: throwing(
    Object.assign(new AggregateError(Array.from({ length: 1000 }, () => circularError)), { cause: circular }),
  ),
};

/** All of them, as `group.name`. */
export const attacks: Readonly<Record<string, Attack>> = {
  ...Object.fromEntries(
    Object.entries({ loops, promises, builtins, memory, recursions, thrown }).flatMap(([group, members]) =>
      Object.entries(members).map(([name, attack]) => [`${group}.${name}`, attack]),
    ),
  ),
  ...sdkAttacks,
};
