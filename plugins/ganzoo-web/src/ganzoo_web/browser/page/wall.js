// The wall: 8 x 8 live samples of the seed, each a button.

import { make } from "./elements.js";
import { paint } from "./pictures.js";

const COLUMNS = 8;
const COUNT = 64;

const MOVES = {
  ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS, Home: -COUNT, End: COUNT,
};

export class Wall {
  constructor(place, { shape, chosen }) {
    this.shape = shape;
    this.buttons = Array.from({ length: COUNT }, (_, index) => {
      const canvas = make("canvas", { width: shape[2], height: shape[1] });
      const button = make("button", { type: "button", tabIndex: index ? -1 : 0 }, canvas);
      button.setAttribute("aria-label", `Picture ${index}`);
      button.addEventListener("click", (event) => chosen(index, event.shiftKey));
      return button;
    });
    place.replaceChildren(...this.buttons);
    place.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const at = this.buttons.indexOf(document.activeElement);
    if (at < 0 || !(event.key in MOVES)) return;
    event.preventDefault();
    const there = at + MOVES[event.key];
    const kept = Math.abs(MOVES[event.key]) === COUNT ? Math.min(COUNT - 1, Math.max(0, there)) : there;
    if (kept < 0 || kept >= COUNT) return;
    this.buttons[at].tabIndex = -1;
    this.buttons[kept].tabIndex = 0;
    this.buttons[kept].focus();
  }

  /** Mark the big picture and the one it is blended with. */
  mark(index, other) {
    this.buttons.forEach((button, n) => {
      button.setAttribute("aria-pressed", String(n === index));
      button.classList.toggle("other", n === other);
    });
  }

  show(index, sample) {
    paint(this.buttons[index].firstChild, sample, this.shape);
  }

  canvas(index) {
    return this.buttons[index].firstChild;
  }
}
