/**
 * Every instruction of the runtime that can trap (find-traps.ts), by the function that it is in, with the reason why that never happens.
 * The compiler puts a function into its callers: then it is listed with them.
 */

import type { TrapKind } from "./find-traps.ts";

export interface Reason {
  readonly why: string;
  readonly functions: readonly string[];
  /** Of calls through a pointer: the types that this pointer is called with. */
  readonly types?: readonly string[];
}

/*
 * Calls through pointers, by who writes the pointer. All are places of functions in C that the compiler has checked the type of; bytecode
 * and the heap's snapshot hold no other. What build/steps/prune.ts takes from the table has a substitute of the same type there.
 */
const POINTERS: readonly Reason[] = [
  {
    why: "JSRuntime.mf, the allocator: `build_malloc_functions` (src/shim/plan.c) in a build, and the engine's own from its end on",
    types: ["(i32) -> i32", "(i32, i32) -> i32", "(i32, i32, i32) -> i32", "(i32, i32) -> ()"],
    functions: [
      "JS_GetPropertyInt64",
      "JS_NewObjectFromShape",
      "__JS_AtomToValue",
      "arena_large_block",
      "arena_new",
      "borrow_byte_string",
      "js_alloc_string_rt",
      "js_arena_malloc",
      "js_arena_usable_size",
      "js_calloc_rt",
      "js_free_rt",
      "js_malloc",
      "js_malloc_rt",
      "js_realloc_rt",
      "new_byte_string",
      "new_text",
      "planned_realloc",
      "shim_allocate_block",
      "shim_collect_garbage",
      "shim_free_block",
      "shim_keep_block",
    ],
  },
  {
    why: "`mapped_arguments`, `lazy_object` and `json_revive` (build/engine/size-edits.ts): the engine's function, or what prune_classes.c, prune.c and prune_builtins.c put in its place",
    types: ["(i32, i32, i32, i32, i32) -> i64", "(i32, i64, i32, i32) -> i64"],
    functions: ["JS_CallInternal", "JS_InstantiateFunctionListItem2", "js_json_parse"],
  },
  {
    why: "`parse_record_add` (build/engine/size-edits.ts) is the engine's function where there is a record, which only `json_revive` makes",
    types: ["(i32, i32, i32, i32) -> i32"],
    functions: ["json_parse_value"],
  },
  {
    why: "shim_build_memory (src/shim/plan.c): in a build only, NULL at run time, which is checked",
    types: ["(i32, i32) -> i32", "(i32, i32, i32) -> i32", "(i32, i32) -> ()"],
    functions: [
      "js_calloc_rt",
      "js_realloc_rt",
      "planned_realloc",
      "shim_allocate_block",
      "shim_collect_garbage",
      "shim_free_block",
    ],
  },
  {
    why: "the allocator and finalizers of a runtime that is being made, or could not be: at build time only, the built module does not export it",
    types: ["(i32) -> i32", "(i32, i32, i32) -> i32", "(i32, i32) -> ()"],
    functions: ["JS_FreeRuntime", "JS_NewRuntime2", "build_run"],
  },
  {
    why: "vm.end_over, vm.end_gone and vm.prepare_stream (src/shim/ends.c): a build sets all of them or none; only where they are set has a stream STREAM_END_UNSEEN, and the others are not called when NULL",
    types: ["(i32) -> ()", "(i32, i32) -> ()", "(i32, i32) -> i32"],
    functions: ["arrive", "arriving_stream", "end_gone", "finish_callback", "proxy_on_tick", "trailers_arrive"],
  },
  {
    why: "JSClass.call: of a JSClassDef in C, by the object's class; that it is not NULL is checked, otherwise the object is no function; run_hook has an async function, whose class has one",
    types: ["(i32, i64, i64, i32, i32, i32) -> i64"],
    functions: ["JS_CallConstructorInternal", "JS_CallInternal", "call_function", "run_hook"],
  },
  {
    why: "JSClass.exotic: a JSClassExoticMethods in C (arguments, strings, proxies, module namespaces, typed arrays), by the object's class; a method that is NULL is not called",
    types: [
      "(i32, i32, i64, i32) -> i32",
      "(i32, i32, i32, i64) -> i32",
      "(i32, i64, i32) -> i32",
      "(i32, i64, i32, i64) -> i64",
      "(i32, i64, i32, i64, i64, i32) -> i32",
      "(i32, i64, i32, i64, i64, i64, i32) -> i32",
    ],
    functions: [
      "JS_CreateProperty",
      "JS_GetOwnPropertyInternal2",
      "JS_GetOwnPropertyNamesInternal",
      "JS_GetPropertyInternal",
      "JS_HasProperty",
      "JS_SetPropertyInternal2",
      "delete_property",
    ],
  },
  {
    why: "JSClass.finalizer: of a JSClassDef in C, by the object's class; not called when NULL",
    types: ["(i32, i64) -> ()"],
    functions: ["free_gc_object"],
  },
  {
    why: "JSClass.gc_mark: of a JSClassDef in C, by the object's class; not called when NULL",
    types: ["(i32, i64, i32) -> ()"],
    functions: ["mark_children"],
  },
  {
    why: "the collector's `mark_func`: a parameter that gc_decref, gc_scan and gc_free_cycles give to mark_children, each a function of theirs, and that gc_mark methods hand on",
    types: ["(i32, i32) -> ()"],
    functions: [
      "async_func_mark",
      "js_array_mark",
      "js_async_generator_mark",
      "js_bound_function_mark",
      "js_bytecode_function_mark",
      "js_c_function_data_mark",
      "js_c_function_mark",
      "js_callsite_mark",
      "js_disposable_stack_mark",
      "js_for_in_iterator_mark",
      "js_iterator_concat_mark",
      "js_iterator_helper_mark",
      "js_iterator_wrap_mark",
      "js_map_iterator_mark",
      "js_map_mark",
      "js_mapped_arguments_mark",
      "js_object_data_mark",
      "js_promise_mark",
      "js_typed_array_mark",
      "mark_children",
      "merged (i32, i64, i32, i32) -> ()",
    ],
  },
  {
    why: "a builtin in C: pointer and `cproto` come together from a JSCFunctionListEntry or a call of JS_NewCFunction2, whose macros take the union's member of that cproto; the switch over cproto calls that member",
    types: [
      "(f64) -> f64",
      "(f64, f64) -> f64",
      "(i32, i64) -> i64",
      "(i32, i64, i32) -> i64",
      "(i32, i64, i64) -> i64",
      "(i32, i64, i64, i32) -> i64",
      "(i32, i64, i32, i32) -> i64",
      "(i32, i64, i32, i32, i32) -> i64",
      "(i32, i64, i32, i32, i32, i32) -> i64",
    ],
    functions: ["js_call_c_function", "js_get_field", "js_look_up_field", "run_code"],
  },
  {
    why: "the same, of a builtin whose cproto was compared with JS_CFUNC_iterator_next before",
    types: ["(i32, i64, i32, i32, i32, i32) -> i64"],
    functions: ["JS_IteratorNext2"],
  },
  {
    why: "JSCFunctionDataRecord.func: a parameter of JS_NewCFunctionData, which only C calls, each time with a constant JSCFunctionData",
    types: ["(i32, i64, i32, i32, i32, i32) -> i64"],
    functions: ["js_call_c_function_data"],
  },
  {
    why: "JSCClosureRecord: JS_NewCClosure makes it, which nothing in the module calls: the class has no objects",
    types: ["(i32, i64, i32, i32, i32, i32) -> i64", "(i32) -> ()"],
    functions: ["js_call_c_closure", "js_c_closure_finalizer"],
  },
  {
    why: "js_autoinit_func_table, a constant, by an id that JS_DefineAutoInitProperty has taken from an enumeration and that no JavaScript reads or writes; the opaque pointer is the one that belongs to that id",
    types: ["(i32, i32, i32, i32) -> i64"],
    functions: ["JS_AutoInitProperty"],
  },
  {
    why: "JSJobEntry.job_func: a parameter of JS_EnqueueJob, which C calls with constants of the type JSJobFunc (reactions, thenables, microtasks, the shim's resume_job)",
    types: ["(i32, i32, i32) -> i64"],
    functions: ["JS_ExecutePendingJob"],
  },
  {
    why: "host_promise_rejection_tracker: track_rejection (src/shim/promises.c), written once by build_run",
    types: ["(i32, i64, i64, i32, i32) -> ()"],
    functions: ["call_promise_rejection_tracker", "leave_callback"],
  },
  {
    why: "promise_hook: nothing calls JS_SetPromiseHook, and NULL is not called",
    types: ["(i32, i32, i64, i64, i32) -> ()"],
    functions: ["fulfill_or_reject_promise", "js_promise_new", "js_promise_resolve_thenable_job"],
  },
  {
    why: "interrupt_handler: guard_poll (src/shim/guard.c), written once by build_run; not called while it is NULL",
    types: ["(i32, i32) -> i32"],
    functions: ["__js_poll_interrupts"],
  },
  {
    why: "JSArrayBuffer.realloc_func: js_array_buffer_realloc, or what C gives to JS_NewArrayBuffer; a detached buffer's is NULL and not called",
    types: ["(i32, i32, i32, i32) -> i32"],
    functions: [
      "JS_DetachArrayBuffer",
      "js_array_buffer_finalizer",
      "js_array_buffer_resize",
      "js_array_buffer_transfer",
    ],
  },
  {
    why: "sab_funcs: nothing calls JS_SetSharedArrayBufferFunctions, and NULL is not called",
    types: ["(i32, i32) -> i32", "(i32, i32) -> ()"],
    functions: ["js_array_buffer_constructor3", "js_array_buffer_finalizer"],
  },
  {
    why: "the functions that load and normalize the names of modules: nothing calls JS_SetModuleLoaderFunc, and NULL is checked; a bundle imports none",
    types: [
      "(i32, i32, i32) -> i32",
      "(i32, i32, i32, i32) -> i32",
      "(i32, i32, i32, i64) -> i32",
      "(i32, i32, i32, i64, i32) -> i32",
    ],
    functions: ["js_host_resolve_imported_module"],
  },
  {
    why: "JSModuleDef.init_func: only of modules in C, of which there are none (JS_NewCModule); others' is NULL and not called",
    types: ["(i32, i32) -> i32"],
    functions: ["js_execute_sync_module"],
  },
  {
    why: "eval_internal: there is no parser that would set it, and JS_EvalInternal throws when it is NULL",
    types: ["(i32, i64, i32, i32, i32, i32, i32, i32) -> i64"],
    functions: ["JS_EvalObject"],
  },
  {
    why: "the allocator of a DynBuf or a CharRange: js_dbuf_realloc, lre_realloc or the default, parameters of dbuf_init2 and cr_init, which hold them for as long as they live",
    types: ["(i32, i32, i32) -> i32"],
    functions: [
      "build_backtrace",
      "cr_op1",
      "cr_realloc",
      "cr_regexp_canonicalize",
      "dbuf_claim",
      "get_class_atom",
      "lre_compile",
      "re_parse_nested_class",
      "re_string_list_free",
      "unicode_prop_ops",
      "unicode_script",
    ],
  },
  {
    why: "shim_compile_regexp (src/shim/regexp.c): lre_compile, or NULL where a build has left that out, which shim_has_regexp_compiler is asked before",
    types: ["(i32, i32, i32, i32, i32, i32, i32) -> i32"],
    functions: ["js_compile_regexp"],
  },
  {
    why: "what ** and % do with numbers: js_math_pow and fmod, or removed_f_f_f where a build has left those out",
    types: ["(f64, f64) -> f64"],
    functions: ["js_binary_arith_slow"],
  },
  {
    why: "how two elements are compared, a parameter of rqsort: constants of its callers in C, of js_typed_array_sort by the array's class",
    types: ["(i32, i32, i32) -> i32"],
    functions: ["rqsort"],
  },
  {
    why: "how elements are exchanged: exchange_func gives one of its own by their size",
    types: ["(i32, i32, i32) -> ()"],
    functions: ["rqsort"],
  },
  {
    why: "how js_typed_array_sort reads an element: by the array's class, in a switch over all of them",
    types: ["(i32, i32) -> i64"],
    functions: ["js_TA_cmp_generic"],
  },
  {
    why: "what a sequence property's strings are given to: a parameter of unicode_sequence_prop, of libregexp's own",
    types: ["(i32, i32, i32) -> ()"],
    functions: ["unicode_sequence_prop1"],
  },
  {
    why: "the function of an algorithm, from the table in src/shim/hash_functions.c; one that was left out is NULL, and is an error before it is called",
    types: ["(i32, i32, i32, i32) -> i32"],
    functions: ["digest_with_key", "js_hash", "js_hmac"],
  },
  {
    why: "what looks at each function of a program (src/shim/prune_names.c): at build time only, the built module does not have it",
    types: ["(i32, i32) -> ()"],
    functions: ["for_each_function"],
  },
  {
    why: "the host call that change_header (src/shim/headers.c) makes: its two callers name one each",
    types: ["(i32, i32, i32, i32, i32) -> i32"],
    functions: ["change_header"],
  },
];

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
        "js_bigint_logic",
        "js_binary_arith_slow",
        "js_binary_logic_slow",
        "js_call_c_function",
        "js_closure2",
        "js_compare_bigint",
        "js_create_iterator_helper",
        "js_dataview_getValue",
        "js_dataview_setValue",
        "js_fetch",
        "js_free_value_rt",
        "js_iterator_helper_next",
        "js_iterator_proto_func",
        "js_read_body",
        "js_release_coro",
        "js_typed_array_at",
        "js_typed_array_fill",
        "js_typed_array_reverse",
        "js_typed_array_sort",
        "mark_children",
        "re_string_list_op",
        "reset_weak_ref",
        "unicode_prop_ops",
      ],
    },
    {
      why: "an opcode of a regular expression, which the engine's own compiler of patterns has written and checked; none comes from elsewhere",
      functions: ["lre_exec"],
    },
    {
      why: "more is freed than was counted: each block is counted when it is made, and what an answer of the host holds is added and taken away by the same sizes (src/shim/calls.c)",
      functions: ["shim_free_block", "borrow_byte_string"],
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
      why: "a power of ten with at most six zeros (build/engine/json-edits.ts)",
      functions: ["JS_ToStringInternal"],
    },
    {
      why: "the size of an array's element or of a block of the engine's pages, from a table without a zero",
      functions: ["arena_new", "js_arena_malloc"],
    },
    {
      why: "the interpreter's division of integers by one that it has checked: others go the way of floating-point numbers; and of short BigInts, where zero was refused before",
      functions: ["JS_CallInternal", "js_binary_arith_slow"],
    },
    {
      why: "a power of a radix from 2 to 36, which was checked before",
      functions: [
        "js_bigint_to_string1",
        "js_dtoa",
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
  call_indirect: POINTERS,
};
