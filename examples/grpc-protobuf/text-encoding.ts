/** What @bufbuild/protobuf needs of the Web's Text Encoding API, which the engine does not have. */

import { decodeUtf8, encodeUtf8 } from "proxy-wasm-ts";

export class TextEncoder {
  encode(text: string): Uint8Array {
    return encodeUtf8(text);
  }
}

export class TextDecoder {
  readonly #fatal: boolean;

  constructor(_label?: string, { fatal = false }: { readonly fatal?: boolean } = {}) {
    this.#fatal = fatal;
  }

  decode(bytes: Uint8Array): string {
    const text = decodeUtf8(bytes);
    // Only text with U+FFFD can have been anything else.
    if (this.#fatal && text.includes("\ufffd") && !isEqual(encodeUtf8(text), bytes)) {
      throw new TypeError("invalid UTF-8");
    }
    return text;
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
