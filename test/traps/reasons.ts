/**
 * Every instruction of the runtime that can trap (find-traps.ts), by the function that it is in, with the reason why that never happens.
 * The compiler puts a function into its callers: then it is listed with them.
 */

import type { TrapKind } from "./find-traps.ts";

export interface Reason {
  readonly why: string;
  readonly functions: readonly string[];
}

/** One reason for each call through a pointer, and where they are. */
const POINTERS =
  "the pointer is a constant of this module, of a class, a list of builtins or a callback's parameter in C, and has the type that it is called with: no input makes one. What build/steps/prune.ts takes from the table has a substitute of the same type that throws";

export const REASONS: Readonly<Record<TrapKind, readonly Reason[]>> = {
  unreachable: [
    {
      why: "the default of a switch over a number that only the engine writes, all of whose values have a case: a tag, a class, an opcode, a kind of property, an operation that a builtin was made with",
      functions: [
        "JS_AtomGetKind",
        "JS_CallInternal",
        "JS_FreeValueRT",
        "JS_InstantiateFunctionListItem2",
        "JS_SetPropertyFunctionList",
        "JS_ToBigIntBuf",
        "JS_ToFloat64Free",
        "cr_op",
        "free_gc_object",
        "get_first_weak_ref",
        "js_async_generator_resume_next",
        "js_atof",
        "js_binary_logic_slow",
        "js_call_c_function",
        "js_closure2",
        "js_compare_bigint",
        "js_create_iterator_helper",
        "js_dataview_getValue",
        "js_dataview_setValue",
        "js_iterator_helper_next",
        "js_iterator_proto_func",
        "js_release_coro",
        "js_typed_array_at",
        "js_typed_array_fill",
        "js_typed_array_reverse",
        "js_typed_array_sort",
        "mark_children",
        "re_string_list_op",
        "reset_weak_ref",
        "strv",
        "unicode_prop_ops",
      ],
    },
    {
      why: "an opcode of a regular expression, which the engine's own compiler of patterns has written and checked; none comes from elsewhere",
      functions: ["lre_exec"],
    },
    {
      why: "more is freed than was counted: each block is counted when it is made, and what an answer of the host holds is added and taken away by the same sizes (src/shim/calls.c)",
      functions: ["js_free_rt", "borrow_byte_string"],
    },
    {
      why: "a builtin's property exists already, or its symbol has no name: only while builtins are defined, which is at build time",
      functions: ["JS_DefineAutoInitProperty", "find_atom"],
    },
    { why: "the module is initialized a second time: the built module does not export it", functions: ["_initialize"] },
    { why: "memory grows by less than a page: the allocator asks for whole pages", functions: ["sbrk"] },
  ],
  division: [
    {
      why: "the size of an array's element or of a block of the engine's pages, from a table without a zero",
      functions: ["arena_new"],
    },
    {
      why: "the interpreter's division of integers by one that it has checked: others go the way of floating-point numbers; and of short BigInts, where zero was refused before",
      functions: ["JS_CallInternal"],
    },
    {
      why: "a power of a radix from 2 to 36, which was checked before",
      functions: [
        "js_bigint_to_string1",
        "js_dtoa2",
        "mul_log2_radix",
        "mul_pow",
        "output_digits",
        "put_number",
        "u64toa_radix",
      ],
    },
    {
      why: "the leading part of a divisor that is not zero: division by zero was refused at the beginning",
      functions: ["js_bigint_divrem"],
    },
    {
      why: "nanoseconds that were compared with a millisecond before, and are more",
      functions: ["guard_poll", "shim_is_late", "is_late"],
    },
  ],
  truncation: [],
  call_indirect: [{ why: POINTERS, functions: ["*"] }],
};
