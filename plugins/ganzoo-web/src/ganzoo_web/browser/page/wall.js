// The wall: 64 live samples of the seed, each a button.

import { make } from "./elements.js";

const COUNT = 64;

/** How far a key goes; a row's length is that of the layout. */
const MOVES = {
  ArrowRight: () => 1, ArrowLeft: () => -1, ArrowDown: (columns) => columns,
  ArrowUp: (columns) => -columns, Home: () => -COUNT, End: () => COUNT,
};

export class Wall {
  constructor(place, { view, chosen }) {
    this.view = view;
    this.samples = [];
    this.buttons = Array.from({ length: COUNT }, (_, index) => {
      const button = make("button", { type: "button", tabIndex: index ? -1 : 0 }, view.cell());
      button.setAttribute("aria-label", this.named(index));
      button.addEventListener("click", (event) => chosen(index, event.shiftKey));
      return button;
    });
    place.classList.toggle("texts", view.cell().tagName !== "CANVAS");
    place.replaceChildren(...this.buttons);
    place.addEventListener("keydown", (event) => this.key(event));
  }

  /** What a button is called: what stands in it if that is text. */
  named(index) {
    const { noun } = this.view;
    return `${noun[0].toUpperCase()}${noun.slice(1)} ${index}`;
  }

  get columns() {
    const [{ offsetTop }] = this.buttons;
    const next = this.buttons.findIndex((button) => button.offsetTop > offsetTop);
    return next < 0 ? COUNT : next;
  }

  key(event) {
    const at = this.buttons.indexOf(document.activeElement);
    if (at < 0 || !(event.key in MOVES)) return;
    event.preventDefault();
    const move = MOVES[event.key](this.columns);
    const there = at + move;
    const kept = Math.abs(move) === COUNT ? Math.min(COUNT - 1, Math.max(0, there)) : there;
    if (kept < 0 || kept >= COUNT) return;
    this.buttons[at].tabIndex = -1;
    this.buttons[kept].tabIndex = 0;
    this.buttons[kept].focus();
  }

  /** Mark the big sample and the one it is blended with. */
  mark(index, other) {
    this.buttons.forEach((button, n) => {
      button.setAttribute("aria-pressed", String(n === index));
      button.classList.toggle("other", n === other);
    });
  }

  show(index, sample) {
    const button = this.buttons[index];
    this.samples[index] = sample;
    this.view.fill(button.firstChild, sample);
    const { textContent } = button;
    button.setAttribute("aria-label", this.named(index) + (textContent && `: ${textContent}`));
  }
}
