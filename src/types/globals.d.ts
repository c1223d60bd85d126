/**
 * The types of the Web's globals that a filter has, for projects without those of the DOM or of Node:
 * `"types": ["proxy-wasm-ts/globals"]` in tsconfig.json.
 *
 * @module
 */

import type {
  AbortController as FilterAbortController,
  AbortSignal as FilterAbortSignal,
  crypto as filterCrypto,
  performance as filterPerformance,
  URL as FilterURL,
  URLSearchParams as FilterURLSearchParams,
} from "proxy-wasm-ts";

declare global {
  type AbortController = FilterAbortController;
  var AbortController: typeof FilterAbortController;
  type AbortSignal = FilterAbortSignal;
  var AbortSignal: typeof FilterAbortSignal;
  var crypto: typeof filterCrypto;
  var performance: typeof filterPerformance;
  type URL = FilterURL;
  var URL: typeof FilterURL;
  type URLSearchParams = FilterURLSearchParams;
  var URLSearchParams: typeof FilterURLSearchParams;

  /** The bytes of a base64 text, one character each. `Uint8Array.fromBase64` gives them as bytes. */
  function atob(text: string): string;
  /** Base64 of a byte string. `bytes.toBase64()` is for bytes. */
  function btoa(bytes: string): string;

  /** Calls a function once, after some milliseconds. @returns its number, for `clearTimeout` */
  function setTimeout(callback: () => unknown, ms?: number): number;
  /** Calls a function again and again. @returns its number, for `clearInterval` */
  function setInterval(callback: () => unknown, ms?: number): number;
  function clearTimeout(id: number | undefined): void;
  function clearInterval(id: number | undefined): void;
  function queueMicrotask(callback: () => void): void;
}
