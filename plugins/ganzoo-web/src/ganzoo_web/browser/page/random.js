// The numbers that torch draws on the CPU for a seed, so that a seed is the same picture here as
// in `model.sample`. BLAKE2b makes a block's seed (ganzoo/seeds.py), MT19937 its bits.

const WORD = (1n << 64n) - 1n;

const START = [
  0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
];

const ORDERS = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

const LINES = [
  [0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
  [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14],
];

function turned(value, bits) {
  return ((value >> bits) | (value << (64n - bits))) & WORD;
}

function mix(v, [a, b, c, d], x, y) {
  v[a] = (v[a] + v[b] + x) & WORD;
  v[d] = turned(v[d] ^ v[a], 32n);
  v[c] = (v[c] + v[d]) & WORD;
  v[b] = turned(v[b] ^ v[c], 24n);
  v[a] = (v[a] + v[b] + y) & WORD;
  v[d] = turned(v[d] ^ v[a], 16n);
  v[c] = (v[c] + v[d]) & WORD;
  v[b] = turned(v[b] ^ v[c], 63n);
}

/** BLAKE2b of up to 128 bytes, 8 bytes long, as a number read from the little end (RFC 7693). */
export function blake2b(bytes) {
  const words = new BigUint64Array(16);
  const view = new DataView(new ArrayBuffer(128));
  bytes.forEach((byte, place) => view.setUint8(place, byte));
  for (let word = 0; word < 16; word += 1) words[word] = view.getBigUint64(8 * word, true);
  const first = START[0] ^ 0x01010008n;
  const v = [first, ...START.slice(1), ...START];
  v[12] ^= BigInt(bytes.length);
  v[14] ^= WORD;
  for (let round = 0; round < 12; round += 1) {
    const order = ORDERS[round % 10];
    LINES.forEach((line, n) => mix(v, line, words[order[2 * n]], words[order[2 * n + 1]]));
  }
  return first ^ v[0] ^ v[8];
}

/** The seed of a block: 63 bits of the counters' hash. */
export function derived(...counters) {
  return blake2b(new TextEncoder().encode(counters.join("/"))) >> 1n;
}

/** MT19937 (Matsumoto and Nishimura 1998), seeded as torch seeds it: by the low 32 bits. */
export class Twister {
  constructor(seed) {
    const state = new Uint32Array(624);
    state[0] = Number(BigInt(seed) & 0xffffffffn);
    for (let n = 1; n < 624; n += 1) {
      const before = state[n - 1] ^ (state[n - 1] >>> 30);
      state[n] = Math.imul(1812433253, before) + n;
    }
    this.state = state;
    this.next = 624;
  }

  twist() {
    const s = this.state;
    for (let n = 0; n < 624; n += 1) {
      const y = (s[n] & 0x80000000) | (s[(n + 1) % 624] & 0x7fffffff);
      s[n] = s[(n + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.next = 0;
  }

  /** 32 random bits. */
  bits() {
    if (this.next === 624) this.twist();
    let y = this.state[this.next];
    this.next += 1;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** A float32 in [0, 1). */
  uniform() {
    return (this.bits() & 0xffffff) * 2 ** -24;
  }

  /** A float64 in [0, 1). */
  uniformDouble() {
    const high = this.bits() & 0x1fffff;
    return (high * 2 ** 32 + this.bits()) * 2 ** -53;
  }
}

/** `torch.randn` of at least 16 float32: Box and Muller's (1958), in groups of 16. */
export function normal(rng, count) {
  const values = Float32Array.from({ length: count }, () => rng.uniform());
  const group = (from) => {
    for (let n = from; n < from + 8; n += 1) {
      const radius = Math.fround(Math.sqrt(Math.fround(-2 * Math.fround(Math.log(1 - values[n])))));
      const angle = Math.fround(Math.fround(2 * Math.PI) * values[n + 8]);
      values[n] = radius * Math.fround(Math.cos(angle));
      values[n + 8] = radius * Math.fround(Math.sin(angle));
    }
  };
  for (let from = 0; from + 16 <= count; from += 16) group(from);
  if (count % 16) {
    for (let n = count - 16; n < count; n += 1) values[n] = rng.uniform();
    group(count - 16);
  }
  return values;
}
