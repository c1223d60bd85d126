import { RegExp } from "assemblyscript-regex";

const MIB = 1 << 20;

const pattern = new RegExp("^(a+)+$");
const kept: ArrayBuffer[] = [];

class User {
  name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Mistakes that a filter's author makes, and what a client makes of them. Returns what came of it, if it returns. */
export function attack(name: string, input: string): string {
  if (name == "panic") {
    throw new Error("on purpose");
  }
  if (name == "bounds") {
    return input.split(",")[input.length];
  }
  if (name == "null") {
    return userOf(input)!.name;
  }
  if (name == "divide") {
    return (100 / (I32.parseInt(input) as i32)).toString();
  }
  if (name == "loop") {
    while (true) {}
  }
  if (name == "recursion") {
    return depth(1).toString();
  }
  if (name == "memory") {
    while (true) {
      keep();
    }
  }
  if (name == "keep") {
    keep();
    return "kept";
  }
  if (name == "regex") {
    return "matches: " + pattern.test(input).toString();
  }
  return "unknown";
}

function userOf(input: string): User | null {
  return input.startsWith("Bearer ") ? new User(input.substring(7)) : null;
}

function depth(at: i32): i32 {
  return depth(at + 1) + 1;
}

function keep(): void {
  kept.push(new ArrayBuffer(MIB));
}
