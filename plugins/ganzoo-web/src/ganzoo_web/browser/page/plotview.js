// Points: many samples of the seed in one plot, the chosen one larger.

import { download } from "./pictures.js";
import { axisEnd, scatter } from "./scatter.js";

export class PlotView {
  noun = "point";
  hasWall = false;

  constructor(place) {
    this.canvas = place.querySelector("canvas");
    this.canvas.classList.add("plot");
    this.end = 0;
    const run = (stem) => download(this.canvas, `${stem}.png`);
    this.saves = [{ id: "download", title: "Save PNG", run }];
  }

  show(samples, chosen) {
    this.end = Math.max(this.end, axisEnd(samples)); // axes may grow, never shrink
    this.canvas.dataset.end = this.end;
    scatter(this.canvas, samples, chosen, this.end);
  }
}
