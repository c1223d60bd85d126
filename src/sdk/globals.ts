/**
 * Globals of the Web that the engine does not have. The build puts those into a bundle that its code uses
 * (build/steps/bundle.ts).
 *
 * @module
 */

export { AbortController } from "./abort.ts";
export { clearInterval, clearTimeout, setInterval, setTimeout } from "./timers.ts";
