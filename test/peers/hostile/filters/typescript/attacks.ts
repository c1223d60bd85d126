const MIB = 1 << 20;

const pattern = /^(a+)+$/;
const kept: Uint8Array[] = [];

/** Mistakes that a filter's author makes, and what a client makes of them. Returns what came of it, if it returns. */
export function attack(name: string, input: string): string {
  switch (name) {
    case "panic":
      throw new Error("on purpose");
    case "caught":
      try {
        throw new Error("on purpose");
      } catch {
        return "caught";
      }
    case "bounds":
      return (partsOf(input) as Parts)[2].trim();
    case "null":
      return (userOf(input) as User).name;
    case "divide":
      return String(100 / Number(input));
    case "loop":
      for (;;);
    case "recursion":
      return String(depth(1));
    case "memory":
      for (;;) {
        keep();
      }
    case "keep":
      keep();
      return "kept";
    case "regex":
      return `matches: ${pattern.test(input)}`;
    default:
      return "unknown";
  }
}

/** What its author thinks that they are. */
type Parts = readonly [string, string, string];

interface User {
  readonly name: string;
}

// What comes from outside is `unknown`, and its author asserts what it never is.
function partsOf(input: string): unknown {
  return input.split(",");
}

function userOf(input: string): unknown {
  return input.startsWith("Bearer ") ? { name: input.slice(7) } : null;
}

function depth(at: number): number {
  return depth(at + 1) + 1;
}

function keep(): void {
  kept.push(new Uint8Array(MIB).fill(1));
}
