/* eslint-disable @typescript-eslint/await-thenable -- awaiting what is no promise is among what is looked at */

/** Code whose outcome the language fixes, where the engine is edited (build/engine/edits.ts): it says in which order what happens. */
export async function observations(): Promise<string[]> {
  const seen: string[] = [];
  const say = (what: string) => {
    seen.push(what);
  };
  await awaits(say, "fulfilled");
  await awaits(say, "rejected");
  await jobsBetween(say);
  getters(say);
  return seen;
}

/** Many wait for one promise, by await and by then, and some begin to when others have. */
async function awaits(say: (what: string) => void, outcome: "fulfilled" | "rejected"): Promise<void> {
  const { promise, resolve, reject } = withResolvers();
  const wait = async (name: string) => {
    try {
      say(`${name} ${await promise}`);
    } catch (error) {
      say(`${name} caught ${String(error)}`);
    }
    await undefined;
    say(`${name} again`);
    await wait2(name);
  };
  const wait2 = async (name: string) => {
    say(`${name} ${await promise.catch(() => "mended")}`);
  };
  const all = [wait("one"), wait("two")];
  all.push(
    promise.then(
      (value) => {
        say(`then ${value}`);
        void Promise.resolve().then(() => {
          say("then's own");
        });
      },
      () => {
        say("then's second");
      },
    ),
  );
  all.push(wait("three"));
  void Promise.resolve().then(() => {
    say("queued before");
  });
  if (outcome === "fulfilled") {
    resolve("value");
  } else {
    reject("reason");
  }
  void Promise.resolve().then(() => {
    say("queued behind");
  });
  all.push(wait("late"));
  say("synchronous");
  await Promise.all(all);
}

/** What is resumed first while other jobs wait, and by a job. */
async function jobsBetween(say: (what: string) => void): Promise<void> {
  const steps = async (name: string, count: number) => {
    for (let step = 0; step < count; step++) {
      await null;
      say(`${name} ${step}`);
    }
    return name;
  };
  const thenable = {
    then(resolve: (value: string) => void) {
      say("asked");
      resolve("thenable");
    },
  };
  const chained = steps("chained", 2).then((name) => steps(`${name} on`, 2));
  const nested = (async () => await (async () => await steps("nested", 1))())();
  say(await thenable);
  const race = await Promise.race([steps("slow", 3), steps("fast", 1)]);
  say(race);
  say((await Promise.all([chained, nested, steps("last", 1)])).join());
}

function getters(say: (what: string) => void): void {
  class Base {
    #count = 0;
    get counted() {
      return ++this.#count;
    }
    get fails(): string {
      throw new Error("on purpose");
    }
    get self() {
      return this;
    }
    set onlySet(value: number) {
      this.#count = value;
    }
    get remover() {
      Reflect.deleteProperty(Base.prototype, "remover");
      return "removed itself";
    }
  }
  class Derived extends Base {
    override get self() {
      return this;
    }
  }
  const derived = new Derived();
  const inherits = Object.create(derived) as Derived;
  say(`${derived.counted} ${derived.counted} ${String(derived.onlySet)} ${derived.self === derived}`);
  say(`${inherits.self === inherits} ${derived.remover} ${typeof derived.remover}`);
  for (const read of [() => derived.fails, () => inherits.counted, () => derived.fails.length]) {
    try {
      say(String(read()));
    } catch (error) {
      say(error instanceof Error ? error.name : "nonsense");
    }
  }
  const bytes = new Uint8Array(7);
  const prototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
  const before = Object.getOwnPropertyDescriptor(prototype, "length");
  say(`${bytes.length} ${bytes.subarray(2).length} ${new Float64Array(3).length} ${[1, 2].length}`);
  Object.defineProperty(Uint8Array.prototype, "length", { get: () => "of Uint8Array", configurable: true });
  say(`${bytes.length} ${new Float64Array(3).length}`);
  Object.defineProperty(bytes, "length", { value: "its own" });
  say(`${bytes.length} ${new Uint8Array(2).length}`);
  delete (Uint8Array.prototype as { length?: number }).length;
  Object.defineProperty(prototype, "length", { value: "of all", configurable: true });
  say(`${new Uint8Array(2).length}`);
  Object.defineProperty(prototype, "length", before ?? {});
  say(`${new Uint8Array(2).length}`);
  (function () {
    say(`${arguments.length}`);
  })();
}

function withResolvers() {
  let resolve: (value: string) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<string>((...functions) => ([resolve, reject] = functions));
  return { promise, resolve, reject };
}
