// Text: a word or a line, and a wall of others.

import { make } from "./elements.js";
import { saveText } from "./files.js";

/** The text of a sample [characters, length], as the view's `characters` and `end` say. */
export function textOf(sample, [count, length], { characters, end }) {
  const letters = [];
  for (let place = 0; place < length; place += 1) {
    let best = 0;
    for (let n = 1; n < count; n += 1) {
      if (sample[n * length + place] > sample[best * length + place]) best = n;
    }
    if (best === end) break;
    letters.push(characters[best]);
  }
  return letters.join("");
}

export class TextView {
  noun = "text";
  hasWall = true;

  constructor(place, { shape, view }) {
    this.textOf = (sample) => textOf(sample, shape, view);
    const spoken = { "aria-live": "polite" };
    this.element = make("p", { id: "picture", className: "written", attributes: spoken });
    place.classList.add("paper");
    document.body.style.setProperty("--letters", shape[1]);
    place.querySelector("canvas").replaceWith(this.element);
    const run = (stem, samples) => saveText(samples.map(this.textOf), `${stem}.txt`);
    this.saves = [{ id: "download", title: "Save all as .txt", run }];
  }

  show([sample]) {
    this.element.textContent = this.textOf(sample);
  }

  cell() {
    return make("span", { className: "text" });
  }

  fill(cell, sample) {
    cell.textContent = this.textOf(sample) || "–";
  }
}
