// Pictures: one sample, enlarged without blur, with a wall beside it.

import { make } from "./elements.js";
import { download, fit, layoutOf, paint } from "./pictures.js";

const LEAST_SIDE = 512;

export class PictureView {
  noun = "picture";
  hasWall = true;

  constructor(place, { shape, view }) {
    this.canvas = place.querySelector("canvas");
    Object.assign(this, layoutOf(shape, view));
    place.style.aspectRatio = `${this.shape[2]} / ${this.shape[1]}`;
    const save = (times) => (stem) => download(this.canvas, `${stem}.png`, times);
    this.saves = [{ id: "download", title: "Save PNG", run: save(this.enlargement) }];
    if (this.enlargement > 1) {
      this.saves.push({ id: "download-exact", title: "Save 1:1", run: save(1) });
    }
    new ResizeObserver(() => this.fit()).observe(place);
  }

  fit() {
    const { clientWidth, clientHeight } = this.canvas.parentElement;
    fit(this.canvas, clientWidth, clientHeight);
  }

  show(samples) {
    paint(this.canvas, this.lay(samples[0]), this.shape);
    this.fit();
  }

  cell() {
    return make("canvas", { width: this.shape[2], height: this.shape[1] });
  }

  fill(cell, sample) {
    paint(cell, this.lay(sample), this.shape);
  }

  /** How many squares' sides a pixel of a large download has. */
  get enlargement() {
    return Math.max(1, Math.ceil(LEAST_SIDE / Math.max(this.shape[1], this.shape[2])));
  }
}
