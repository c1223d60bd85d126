/** SHA-256 (FIPS 180-4) in JavaScript, for the comparison with the SDK's in C. */

const ROUNDS = 64;

/** The first 32 bits of the fractional parts of roots of the first primes. */
function fractions(count: number, root: (prime: number) => number): Uint32Array {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) {
      primes.push(candidate);
    }
  }
  return Uint32Array.from(primes, (prime) => (root(prime) % 1) * 2 ** 32);
}

const START = fractions(8, Math.sqrt);
const CONSTANTS = fractions(ROUNDS, Math.cbrt);

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

function padded(bytes: Uint8Array): DataView {
  const size = Math.ceil((bytes.length + 9) / 64) * 64;
  const whole = new Uint8Array(size);
  whole.set(bytes);
  whole[bytes.length] = 0x80;
  const view = new DataView(whole.buffer);
  view.setUint32(size - 4, bytes.length * 8);
  return view;
}

export function sha256(bytes: Uint8Array): Uint8Array {
  const data = padded(bytes);
  const state = Uint32Array.from(START);
  const words = new Int32Array(ROUNDS);
  for (let block = 0; block < data.byteLength; block += 64) {
    for (let at = 0; at < ROUNDS; at++) {
      if (at < 16) {
        words[at] = data.getInt32(block + 4 * at);
        continue;
      }
      const [two = 0, fifteen = 0] = [words[at - 2], words[at - 15]];
      const low = rotate(fifteen, 7) ^ rotate(fifteen, 18) ^ (fifteen >>> 3);
      const high = rotate(two, 17) ^ rotate(two, 19) ^ (two >>> 10);
      words[at] = (words[at - 16] ?? 0) + low + (words[at - 7] ?? 0) + high;
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
    for (let at = 0; at < ROUNDS; at++) {
      const high = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const one = (h + high + ((e & f) ^ (~e & g)) + (CONSTANTS[at] ?? 0) + (words[at] ?? 0)) | 0;
      const two = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, at) => {
      state[at] = (state[at] ?? 0) + word;
    });
  }
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, at) => {
    digest.setUint32(4 * at, word);
  });
  return new Uint8Array(digest.buffer);
}
