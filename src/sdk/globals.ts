/**
 * Globals of the Web that the engine does not have. The build puts those into a bundle that its code uses
 * (build/steps/bundle.ts).
 *
 * @module
 */

export { AbortController, AbortSignal } from "./abort.ts";
export { crypto } from "./crypto.ts";
export { performance } from "./performance.ts";
export { clearInterval, clearTimeout, setInterval, setTimeout } from "./timers.ts";
export { URL } from "./url.ts";
export { URLSearchParams } from "./url-search-params.ts";
