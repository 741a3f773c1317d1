// Writes a melody on a piano roll by mouse, pen or finger: one pitch at each step.

export class Pencil {
  /** `melody()` is the roll [tracks, steps, pitches] to write on; `written(roll)` gets a new one. */
  constructor(canvas, [, steps, pitches], [off, on], { melody, written }) {
    Object.assign(this, { canvas, steps, pitches, off, on, melody, written, last: null });
    canvas.parentElement.classList.add("paints");
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      this.last = this.place(event);
      const { step, pitch } = this.last;
      this.rests = melody()[step * pitches + pitch] === on; // a note that is touched goes away
      this.write(this.last);
    });
    canvas.addEventListener("pointermove", (event) => this.last && this.write(this.place(event)));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => { this.last = null; });
    }
  }

  /** The step and the pitch at which an event is, the highest pitch on top. */
  place({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const within = (share, count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
    return {
      step: within((clientX - left) / width, this.steps),
      pitch: this.pitches - 1 - within((clientY - top) / height, this.pitches),
    };
  }

  /** Write the pitch from the last place to this one: in the first track, alone at its steps. */
  write({ step, pitch }) {
    const roll = Float32Array.from(this.melody());
    const [first, end] = [Math.min(step, this.last.step), Math.max(step, this.last.step)];
    for (let at = first; at <= end; at += 1) {
      roll.fill(this.off, at * this.pitches, (at + 1) * this.pitches);
      if (!this.rests) roll[at * this.pitches + pitch] = this.on;
    }
    this.last = { step, pitch };
    this.written(roll);
  }
}
