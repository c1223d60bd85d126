/** The versions of the ABI that hosts know, oldest first. A module exports the one that it speaks. */
export const ABI_VERSIONS = ["0.1.0", "0.2.0", "0.2.1"] as const;
export type AbiVersion = (typeof ABI_VERSIONS)[number];

/** The exports that tell a host which ABI a module speaks. */
export const ABI_VERSION_EXPORTS: Readonly<Record<string, AbiVersion>> = {
  proxy_abi_version_0_1_0: "0.1.0",
  proxy_abi_version_0_2_0: "0.2.0",
  proxy_abi_version_0_2_1: "0.2.1",
};

/** Host calls of some versions only (proxy-wasm-cpp-host, `WasmBase::registerCallbacks`); all others are in each version. */
export const HOST_CALL_VERSIONS: Readonly<Record<string, readonly AbiVersion[]>> = {
  proxy_get_configuration: ["0.1.0"],
  proxy_continue_request: ["0.1.0"],
  proxy_continue_response: ["0.1.0"],
  proxy_clear_route_cache: ["0.1.0"],
  proxy_continue_stream: ["0.2.0", "0.2.1"],
  proxy_close_stream: ["0.2.0", "0.2.1"],
  proxy_get_log_level: ["0.2.1"],
};

/** What Envoy offers in the module `env` beside host calls, for compilers (proxy-wasm-cpp-host, `WasmBase::registerCallbacks`). */
export const COMPILER_CALLS = ["emscripten_notify_memory_growth", "pthread_equal"] as const;

/**
 * WASI calls that other languages' modules may import, beside `WASI_CALLS`: Envoy's host has a function for each, most of which
 * only refuse (proxy-wasm-cpp-host, `exports.h`).
 */
export const FURTHER_WASI_CALLS = [
  "clock_res_get",
  "fd_advise",
  "fd_allocate",
  "fd_datasync",
  "fd_fdstat_set_flags",
  "fd_fdstat_set_rights",
  "fd_filestat_get",
  "fd_filestat_set_size",
  "fd_filestat_set_times",
  "fd_pread",
  "fd_prestat_dir_name",
  "fd_prestat_get",
  "fd_pwrite",
  "fd_readdir",
  "fd_renumber",
  "fd_sync",
  "fd_tell",
  "path_create_directory",
  "path_filestat_get",
  "path_filestat_set_times",
  "path_link",
  "path_open",
  "path_readlink",
  "path_remove_directory",
  "path_rename",
  "path_symlink",
  "path_unlink_file",
  "poll_oneoff",
  "sched_yield",
  "sock_accept",
  "sock_recv",
  "sock_send",
  "sock_shutdown",
] as const;
