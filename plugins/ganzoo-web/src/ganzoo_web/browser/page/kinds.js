// What the big picture of each kind of sample is. Another kind (sound, text) is one more entry.

import { download, fit, paint } from "./pictures.js";
import { axisEnd, scatter } from "./scatter.js";

const LEAST_SIDE = 512;

/** Pictures: one sample, enlarged without blur, with a wall beside it. */
class Pictures {
  hasWall = true;

  constructor(canvas, shape) {
    this.canvas = canvas;
    this.shape = shape;
    new ResizeObserver(() => this.fit()).observe(canvas.parentElement);
  }

  fit() {
    fit(this.canvas, this.canvas.parentElement.clientWidth);
  }

  show(samples) {
    paint(this.canvas, samples[0], this.shape);
    this.fit();
  }

  /** How many squares' sides a pixel of a large download has. */
  get enlargement() {
    return Math.max(1, Math.ceil(LEAST_SIDE / Math.max(this.canvas.width, this.canvas.height)));
  }

  save(name, large) {
    download(this.canvas, name, large ? this.enlargement : 1);
  }
}

/** Points: all 64 samples of the seed's block in one plot, the chosen one larger. */
class Points {
  hasWall = false;
  enlargement = 1;

  constructor(canvas) {
    this.canvas = canvas;
    this.end = 0;
    canvas.classList.add("plot");
  }

  show(samples, chosen) {
    this.end = Math.max(this.end, axisEnd(samples)); // axes may grow, never shrink
    this.canvas.dataset.end = this.end;
    scatter(this.canvas, samples, chosen, this.end);
  }

  save(name) {
    download(this.canvas, name);
  }
}

export const kinds = { image: Pictures, points: Points };
