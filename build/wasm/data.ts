import { readVector, SectionId } from "./module.ts";
import type { Section } from "./module.ts";
import type { Reader } from "./reader.ts";

/** What a module puts into memory when it is instantiated. */
export interface DataSegment {
  /** The address; undefined: it is not known without running the module, or the segment is copied by code. */
  readonly offset: number | undefined;
  readonly length: number;
  /** All of its bytes in the section. */
  readonly bytes: number;
}

const PASSIVE = 1;
const WITH_MEMORY_INDEX = 2;

export function dataSegments(sections: readonly Section[]): DataSegment[] {
  return readVector(sections, SectionId.Data, (reader) => {
    const start = reader.offset;
    const mode = reader.u32();
    if (mode === WITH_MEMORY_INDEX) {
      reader.u32();
    }
    const offset = mode === PASSIVE ? undefined : readOffset(reader);
    const { length } = reader.slice(reader.u32());
    return { offset, length, bytes: reader.offset - start };
  });
}

/** The value of a constant expression when it is one i32.const, as compilers write it. */
function readOffset(reader: Reader): number | undefined {
  const values: (number | undefined)[] = [];
  for (;;) {
    const instruction = reader.byte();
    switch (instruction) {
      case 0x41: // i32.const
        values.push(reader.i32() >>> 0);
        break;
      case 0x42: // i64.const
        reader.skipNumber();
        values.push(undefined);
        break;
      case 0x23: // global.get
        reader.u32();
        values.push(undefined);
        break;
      case 0x0b: // end
        return values.length === 1 ? values[0] : undefined;
      default: // arithmetic, which has no operands in the code
        values.push(undefined);
    }
  }
}
