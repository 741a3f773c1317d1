// A model that draws: points are its latents, or its styles where it has them. A sample's label is
// its class, or its condition, Float32Array [C * H * W], as the contract has it.

import { Draws } from "./draws.js";
import { floatsOf } from "./packed.js";
import { cutNormal, lerp, slerp, stepped, towardsAverage } from "./steering.js";

/** Milliseconds of one request at most, so that a more urgent one need not wait longer. */
const PATIENCE = 30;

export class Model {
  constructor(about, engine) {
    const { styles } = about;
    this.about = {
      ...about,
      styles: styles && { ...styles, average: floatsOf(styles.average) },
      directions: about.directions.map((one) => ({ ...one, vector: floatsOf(one.vector) })),
    };
    this.engine = engine;
    this.draws = new Draws(about.latents);
    this.styles = new Map();
    this.pace = null; // milliseconds of a sample, once one was drawn
    const parts = Object.entries(about.parts);
    this.ready = Promise.all(
      parts.map(([part, graph]) => engine.ask("open", { part: this.part(part), graph })),
    );
  }

  part(name) {
    return `${this.about.name}/${name}`;
  }

  /** How many samples one request should ask for, so that a slider is answered at once. */
  get portion() {
    return Math.max(1, Math.min(8, Math.floor(PATIENCE / (this.pace ?? PATIENCE))));
  }

  /** Whether truncation means something for this model. */
  get truncates() {
    const { styles, latents } = this.about;
    return latents.width > 0 && (Boolean(styles) || latents.law === "normal");
  }

  async run(part, width, points, labels, name, options) {
    const count = points.length;
    const data = new Float32Array(count * width);
    points.forEach((point, n) => data.set(point, n * width));
    const shape = this.about.styles && name === "styles"
      ? [count, this.about.styles.layers, this.about.styles.width]
      : [count, width];
    const inputs = { [name]: { type: "float32", data, dims: shape } };
    Object.assign(inputs, this.told(labels));
    await this.ready;
    return this.engine.ask("run", { part: this.part(part), inputs }, options);
  }

  /** Classes or conditions as inputs; nothing for a model that takes neither. */
  told(labels) {
    const { conditions, latents } = this.about;
    if (latents.classes) {
      const classes = BigInt64Array.from(labels, (label) => BigInt(label ?? 0));
      return { labels: { type: "int64", data: classes, dims: [labels.length] } };
    }
    if (!conditions) return {};
    const data = new Float32Array(labels.length * labels[0].length);
    labels.forEach((condition, n) => data.set(condition, n * condition.length));
    return { conditions: { type: "float32", data, dims: [labels.length, ...conditions.shape] } };
  }

  /** The points of samples [{seed, index, label}]: latents, or styles. */
  async points(samples, options) {
    const latents = samples.map(({ seed, index }) => this.draws.latent(seed, index));
    const { styles } = this.about;
    if (!styles) return latents;
    if (this.about.conditions) this.styles.clear(); // too many to know again
    const keys = samples.map(({ seed, index, label }) =>
      `${seed}/${index}/${this.about.conditions ? "" : label}`);
    const missing = [...keys.keys()].filter((n) => !this.styles.has(keys[n]));
    if (missing.length) {
      const labels = missing.map((n) => samples[n].label);
      const some = missing.map((n) => latents[n]);
      const rank = options?.rank ?? 0;
      const made = await this.run("mapping", latents[0].length, some, labels, "latents", { rank });
      if (this.styles.size > 1024) this.styles.clear();
      const size = styles.layers * styles.width;
      missing.forEach((n, row) => this.styles.set(keys[n], made.data.slice(row * size, (row + 1) * size)));
    }
    return keys.map((key) => this.styles.get(key));
  }

  /** The sum of amount times sigma times vector of the directions that are moved. */
  step(amounts) {
    const moved = this.about.directions.filter(({ name }) => amounts[name]);
    if (!moved.length) return null;
    const step = new Float32Array(moved[0].vector.length);
    for (const { name, sigma, vector } of moved) {
      for (let n = 0; n < step.length; n += 1) step[n] += amounts[name] * sigma * vector[n];
    }
    return step;
  }

  /** One point moved as the page's state says. */
  moved(point, { step, truncation }) {
    const there = step ? stepped(point, step) : point;
    if (truncation === 1 || !this.truncates) return there;
    return this.about.styles
      ? towardsAverage(there, this.about.styles.average, truncation)
      : cutNormal(there, truncation);
  }

  between(start, end, share) {
    return (this.about.styles ? lerp : slerp)(start, end, share);
  }

  /** Samples [N][values] of points, or null where a newer request took the slot. */
  async drawn(points, labels, options) {
    const { shape, styles } = this.about;
    const part = styles ? "synthesis" : "whole";
    const name = styles ? "styles" : "latents";
    const answer = await this.run(part, points[0].length, points, labels, name, options);
    if (!answer) return null;
    const size = shape.reduce((product, side) => product * side, 1);
    this.pace = answer.milliseconds / points.length;
    return points.map((_, n) => answer.data.subarray(n * size, (n + 1) * size));
  }
}
