// Paints a mask on a canvas by mouse, pen or finger.

import { byId, slider } from "./elements.js";
import { stroke } from "./hole.js";
import { follow } from "./pointer.js";

/** The least radius that reaches a pixel's centre wherever the brush is. */
export const FINEST = 0.75;

export class Brush {
  /**
   * `mask` holds a value for each pixel: the first of `values` where the brush paints, the second
   * where it takes that back. `painted()` is called after each movement.
   */
  constructor(canvas, sides, { values, radius, painted }) {
    const [high, wide] = sides;
    Object.assign(this, { sides, values, painted, radius });
    this.mask = new Float32Array(high * wide);
    byId("brush").replaceWith(slider({
      id: "brush", title: "Brush", least: FINEST, most: Math.min(high, wide) / 3, step: 0.25, value: this.radius,
      shown: (value) => `${Math.round(2 * value)} px`, changed: (value) => { this.radius = value; },
    }));
    follow(canvas, {
      placeOf: (across, down) => ({ x: across * wide, y: down * high }),
      draws: (from, to) => this.paint(from, to),
    });
  }

  /** Paint from one place to another, in pixels of the picture. */
  paint(from, to) {
    const back = document.querySelector("input[name=brush-does]:checked").value === "back";
    stroke(this.mask, this.sides, from, to, this.radius, this.values[back ? 1 : 0]);
    this.painted();
  }
}
