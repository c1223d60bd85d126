import { functionNames } from "../../build/wasm/function-names.ts";
import { readModule, readSignatures, SectionId } from "../../build/wasm/module.ts";
import type { Signature } from "../../build/wasm/module.ts";
import { Reader } from "../../build/wasm/reader.ts";

/** What can trap whatever memory holds: an instruction that always does, or does for some operands. */
export type TrapKind = "unreachable" | "division" | "truncation" | "call_indirect";

/** An instruction that can trap. */
export interface Trap {
  readonly kind: TrapKind;
  /** Of a call through a pointer: what it is called with. */
  readonly type?: Signature | undefined;
}

/**
 * Reads the code of a module: by function its instructions that can trap. Left out are those that no path leads to (compilers
 * put `unreachable` after what never returns), and divisions by a constant. Loads and stores, `memory.copy` and `memory.fill` are not
 * listed: see docs/RELIABILITY.md. `memory.grow` does not trap. Instructions that these modules do not have are an error.
 */
export function findTraps(wasm: Uint8Array): Map<string, readonly Trap[]> {
  const module = readModule(wasm);
  const names = functionNames(module);
  const imported = module.imports.filter(({ kind }) => kind === "function").length;
  const types = readSignatures(module);
  const code = module.sections.find(({ id }) => id === SectionId.Code);
  const found = new Map<string, readonly Trap[]>();
  if (code === undefined) {
    return found;
  }
  const reader = new Reader(code.content);
  const count = reader.u32();
  for (let i = 0; i < count; i++) {
    const body = new Reader(reader.slice(reader.u32()));
    const traps = trapsOf(body, types);
    // wasm-opt gives no name to what it makes of functions that are nearly the same.
    const name = names.get(imported + i) ?? `merged ${module.functions[imported + i] ?? ""}`;
    if (traps.length > 0) {
      found.set(name, [...(found.get(name) ?? []), ...traps]);
    }
  }
  return found;
}

interface Frame {
  readonly kind: "block" | "loop" | "if";
  /** Whether some branch goes to its end. */
  left: boolean;
  /** Whether its beginning is reached. */
  readonly entered: boolean;
}

const NO_FRAME: Frame = { kind: "block", left: false, entered: false };

const OP = { unreachable: 0, block: 2, loop: 3, if: 4, else: 5, end: 11, br: 12, brIf: 13, brTable: 14, return: 15 };

function trapsOf(body: Reader, types: readonly Signature[]): Trap[] {
  body.list(() => [body.u32(), body.byte()]); // locals
  const traps: Trap[] = [];
  const frames: Frame[] = [{ kind: "block", left: false, entered: true }];
  let live = true;
  let constant: bigint | undefined;
  const add = (kind: TrapKind, type?: Signature) => {
    if (live) {
      traps.push({ kind, type });
    }
  };
  const branch = (depth: number) => {
    const target = frames.at(-1 - depth);
    if (target !== undefined && live && target.kind !== "loop") {
      target.left = true;
    }
  };
  while (!body.atEnd) {
    const op = body.byte();
    let next: bigint | undefined;
    switch (op) {
      case OP.unreachable:
        add("unreachable");
        live = false;
        break;
      case OP.block:
      case OP.loop:
      case OP.if:
        body.signed();
        frames.push({ kind: op === OP.loop ? "loop" : op === OP.if ? "if" : "block", left: false, entered: live });
        break;
      case OP.else: {
        const first = frames.pop() ?? NO_FRAME;
        frames.push({ kind: "block", left: first.left || live, entered: first.entered });
        live = first.entered;
        break;
      }
      case OP.end: {
        const frame = frames.pop() ?? NO_FRAME;
        // An `if` that has no `else` also gets here when its condition is false.
        live ||= frame.left || (frame.kind === "if" && frame.entered);
        break;
      }
      case OP.br:
        branch(body.u32());
        live = false;
        break;
      case OP.brIf:
        branch(body.u32());
        break;
      case OP.brTable:
        for (const depth of [...body.list(() => body.u32()), body.u32()]) {
          branch(depth);
        }
        live = false;
        break;
      case OP.return:
        live = false;
        break;
      case 0x10: // call
        body.u32();
        break;
      case 0x11:
        add("call_indirect", types[body.u32()]);
        body.u32();
        break;
      case 0x41:
      case 0x42:
        next = body.signed();
        break;
      case 0x43:
        body.slice(4);
        break;
      case 0x44:
        body.slice(8);
        break;
      case 0xfc: {
        const extended = body.u32();
        if (extended === 10 || extended === 11) {
          body.slice(extended === 10 ? 2 : 1); // memory.copy and memory.fill
        } else if (extended > 7) {
          throw new RangeError(`unknown instruction 0xfc ${extended}`);
        }
        break;
      }
      default:
        if ((op >= 0x20 && op <= 0x24) || op === 0x3f || op === 0x40) {
          body.u32(); // variables; memory.size and memory.grow
        } else if (op >= 0x28 && op <= 0x3e) {
          body.u32(); // loads and stores: alignment and offset
          body.u32();
        } else if ([0x6d, 0x6e, 0x6f, 0x70, 0x7f, 0x80, 0x81, 0x82].includes(op)) {
          const signed = op === 0x6d || op === 0x7f; // the smallest number by -1
          if (constant === undefined || constant === 0n || (signed && constant === -1n)) {
            add("division");
          }
        } else if ((op >= 0xa8 && op <= 0xab) || (op >= 0xae && op <= 0xb1)) {
          add("truncation");
        } else if (!(op === 0x01 || op === 0x1a || op === 0x1b || (op >= 0x45 && op <= 0xc4))) {
          throw new RangeError(`unknown instruction 0x${op.toString(16)}`);
        }
    }
    constant = next;
  }
  return traps;
}
