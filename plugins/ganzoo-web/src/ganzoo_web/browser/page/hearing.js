// What a grid's samples sound like: one of them at a time, at the place of the run's history.

import { make } from "./elements.js";
import { views } from "./views.js";

export class Hearing {
  constructor(run) {
    Object.assign(this, { run, piece: 0, samples: [], asked: null, view: null });
    this.element = make("div", { className: "hearing", hidden: true });
  }

  /** Have the newest samples up to these images; what plays goes on with them. */
  async show(images) {
    const { run } = this;
    const wanted = `${run.heardBefore(images)} ${run.turn}`;
    if (wanted === this.asked) return;
    this.asked = wanted;
    const heard = await run.hearAt(run.heardBefore(images));
    if (wanted !== this.asked) return;
    if (!heard) this.asked = null;
    else if (heard.view) this.take(heard);
  }

  take({ view, shape, samples }) {
    this.samples = samples;
    if (!this.view) this.furnish(view, shape, samples.length);
    this.play(Math.min(this.piece, samples.length - 1));
  }

  furnish(view, shape, count) {
    const canvas = make("canvas", { attributes: { role: "img" } });
    const frame = make("div", { className: "frame" }, canvas);
    this.canvas = canvas;
    this.element.hidden = false;
    this.element.append(this.choice(count), frame);
    this.view = new views[view.form](frame, { shape, view, prefix: `run-${this.run.number}-` });
  }

  /** Which sample is heard. */
  choice(count) {
    const options = Array.from({ length: count }, (_, n) =>
      make("option", { value: n, textContent: `sample ${n + 1} of the grid` }));
    const select = make("select", {}, ...options);
    select.addEventListener("change", () => this.play(Number(select.value)));
    return make("label", { className: "which" }, make("span", { textContent: "Listen to" }), select);
  }

  play(piece) {
    this.piece = piece;
    this.canvas.setAttribute("aria-label", `Sample ${piece + 1} of ${this.run.name}`);
    this.view.show([this.samples[piece]]);
  }
}
