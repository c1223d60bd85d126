/**
 * Byte strings: one character is one byte (U+0000 to U+00FF), as in the Web's `Headers`. Header names and values are bytes of
 * no particular encoding, and this is how they travel through the host without a loss.
 */

export function bytesToByteString(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** @throws TypeError when a character is no byte */
export function byteStringToBytes(text: string): Uint8Array {
  return Buffer.from(checkByteString(text, "the text"), "latin1");
}

/** @throws TypeError when a character is no byte, or ends a header line */
export function checkHeaderValue(value: string, name: string): string {
  if (/[\0\r\n]/.test(value)) {
    throw new TypeError(`header ${name}: its value has a line break or a zero byte`);
  }
  return checkByteString(value, `header ${name}`);
}

export function checkByteString(text: string, what: string): string {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0xff) {
      throw new TypeError(
        `${what}: the character at index ${index} is above U+00FF; to send text as UTF-8, pass ` +
          'Buffer.from(text).toString("latin1")',
      );
    }
  }
  return text;
}

export const textDecoder = new TextDecoder();

/** For messages and the call log; bytes that are no UTF-8 become U+FFFD. */
export function bytesToText(bytes: Uint8Array): string {
  return textDecoder.decode(bytes);
}

export function textToBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
