// Paints a mask on a canvas by mouse, pen or finger.

import { byId, slider } from "./elements.js";
import { stroke } from "./hole.js";

/** The least radius that reaches a pixel's centre wherever the brush is. */
export const FINEST = 0.75;

export class Brush {
  /**
   * `mask` holds a value for each pixel: the first of `values` where the brush paints, the second
   * where it takes that back. `painted()` is called after each movement.
   */
  constructor(canvas, sides, { values, radius, painted }) {
    const least = Math.min(...sides);
    Object.assign(this, { canvas, sides, values, painted, radius, last: null });
    this.mask = new Float32Array(sides[0] * sides[1]);
    canvas.parentElement.classList.add("paints");
    byId("brush").replaceWith(slider({
      id: "brush", title: "Brush", least: FINEST, most: least / 3, step: 0.25, value: this.radius,
      shown: (value) => `${Math.round(2 * value)} px`, changed: (value) => { this.radius = value; },
    }));
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      this.last = this.place(event);
      this.move(event);
    });
    canvas.addEventListener("pointermove", (event) => this.last && this.move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => { this.last = null; });
    }
  }

  /** Where an event is, in pixels of the picture. */
  place({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const [high, wide] = this.sides;
    return { x: ((clientX - left) / width) * wide, y: ((clientY - top) / height) * high };
  }

  move(event) {
    const here = this.place(event);
    const back = document.querySelector("input[name=brush-does]:checked").value === "back";
    stroke(this.mask, this.sides, this.last, here, this.radius, this.values[back ? 1 : 0]);
    this.last = here;
    this.painted();
  }
}
