// Writes a melody on a piano roll by mouse, pen or finger: one pitch at each step.

import { follow } from "./pointer.js";

export class Pencil {
  /** `melody()` is the roll [tracks, steps, pitches] to write on; `written(roll)` gets a new one. */
  constructor(canvas, [, steps, pitches], [off, on], { melody, written }) {
    Object.assign(this, { pitches, off, on, melody, written });
    const within = (share, count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
    follow(canvas, {
      placeOf: (across, down) => ({
        step: within(across, steps),
        pitch: pitches - 1 - within(down, pitches), // the highest pitch on top
      }),
      begins: ({ step, pitch }) => {
        this.rests = melody()[step * pitches + pitch] === on; // a note that is touched goes away
      },
      draws: (from, to) => this.write(from, to),
    });
  }

  /** Write the pitch from the last place to this one: in the first track, alone at its steps. */
  write(last, { step, pitch }) {
    const roll = Float32Array.from(this.melody());
    const [first, end] = [Math.min(step, last.step), Math.max(step, last.step)];
    for (let at = first; at <= end; at += 1) {
      roll.fill(this.off, at * this.pitches, (at + 1) * this.pitches);
      if (!this.rests) roll[at * this.pitches + pitch] = this.on;
    }
    this.written(roll);
  }
}
