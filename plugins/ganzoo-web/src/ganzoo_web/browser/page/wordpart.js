// The part of a page in which one types a word, for models whose classes are single characters.

import { byId } from "./elements.js";
import { download, pixels } from "./pictures.js";
import { classOf, drawsCharacters, firstWord, showWord, wordCanvas } from "./word.js";

const LONGEST = 24;

export class WordPart {
  /** `drawn(labels, rank)` draws a sample of each class in the page's style, or null. */
  static of(about, parts) {
    const fits = about.view.form === "pictures" && !about.view.columns && drawsCharacters(about.latents);
    return fits ? new WordPart(about, parts) : null;
  }

  constructor(about, { first, typed, another, drawn, named, enlargement }) {
    this.shape = about.shape;
    this.names = about.latents.classes.names;
    this.drawn = drawn;
    this.row = null;
    const field = byId("word");
    const own = firstWord(about.name, this.names);
    field.value = first ?? own;
    field.addEventListener("input", () => {
      typed(field.value === own ? null : field.value);
    });
    byId("download-word").addEventListener("click", () => {
      if (this.row) download(wordCanvas(this.row, this.shape), `${named()}-word.png`, enlargement);
    });
    byId("another-style").addEventListener("click", another);
    new ResizeObserver(() => this.show()).observe(byId("word-section"));
    byId("word-section").hidden = false;
  }

  /** Draw the word; true once it is shown. */
  async draw(rank) {
    const letters = [...byId("word").value].slice(0, LONGEST);
    const labels = letters.map((letter) => classOf(letter, this.names));
    const known = labels.filter((label) => label !== null);
    const unknown = letters.filter((letter, n) => labels[n] === null && letter !== " ");
    byId("word-note").textContent = unknown.length
      ? `This model does not draw ${[...new Set(unknown)].join(" ")}` : "";
    const samples = known.length ? await this.drawn(known, rank) : null;
    if (!samples) return false;
    const images = samples.map((sample) => pixels(sample, this.shape));
    this.row = labels.map((label) => (label === null ? null : images.shift()));
    this.show();
    byId("word-picture").setAttribute("aria-label", `${letters.join("")} in the picture's style`);
    return true;
  }

  show() {
    if (this.row) showWord(byId("word-picture"), this.row, this.shape);
  }
}
