// Latents and classes of a seed, in blocks of 64, as ganzoo/sampling.py draws them.

import { floatsOf } from "./packed.js";
import { Twister, derived, normal } from "./random.js";

export const BLOCK = 64;

const LAWS = {
  normal: (rng, count) => normal(rng, count),
  uniform: (rng, count) => Float32Array.from({ length: count }, () => rng.uniform() * 2 - 1),
};

/** Draws for one model: `law` is how its latents are drawn, or a table of some seeds' latents. */
export class Draws {
  constructor({ width, law, table, seeds, classes }) {
    Object.assign(this, { width, law, seeds, classes });
    this.table = table ? floatsOf(table) : null;
    this.blocks = new Map();
  }

  /** The latents [64, D] of a block. */
  block(seed, number) {
    const size = BLOCK * this.width;
    if (this.table) return this.table.subarray(seed * size, (seed + 1) * size);
    const key = `${seed}/${number}`;
    if (!this.blocks.has(key)) {
      if (this.blocks.size > 64) this.blocks.clear();
      const rng = new Twister(derived(seed, "latents", number));
      this.blocks.set(key, LAWS[this.law](rng, size));
    }
    return this.blocks.get(key);
  }

  /** Latent number `index` of a seed: [D]. */
  latent(seed, index) {
    const from = (index % BLOCK) * this.width;
    return this.block(seed, Math.floor(index / BLOCK)).slice(from, from + this.width);
  }

  /** The classes of a block, or null for a model without classes. */
  labels(seed, number) {
    if (!this.classes) return null;
    const rng = new Twister(derived(seed, "labels", number));
    const { count, shares } = this.classes;
    if (new Set(shares).size <= 1) return Array.from({ length: BLOCK }, () => rng.bits() % count);
    let end = 0;
    const ends = shares.map((share) => (end += share));
    const last = shares.findLastIndex((share) => share > 0);
    return Array.from({ length: BLOCK }, () => {
      const uniform = rng.uniformDouble() * end;
      const found = ends.findIndex((value) => value > uniform);
      return found < 0 ? last : Math.min(found, last);
    });
  }

  /** The class of sample number `index`, or null. */
  label(seed, index) {
    return this.labels(seed, Math.floor(index / BLOCK))?.[index % BLOCK] ?? null;
  }
}
