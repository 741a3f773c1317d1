// A word in the latent's typeface, for models whose classes are single characters.

import { make } from "./elements.js";

/** About how many pixels high a letter is shown where there is room. */
const TALLEST = 96;

/** Whether a model draws characters: every class is named by one. */
export function drawsCharacters({ classes }) {
  const names = classes?.names ?? [];
  return names.length > 1 && names.every((name) => [...name].length === 1);
}

/** The class of a character, in whichever case the model has it, or null. */
export function classOf(character, names) {
  for (const form of [character, character.toUpperCase(), character.toLowerCase()]) {
    const number = names.indexOf(form);
    if (number >= 0) return number;
  }
  return null;
}

/** A first word: the model's own name, or all characters if it has none of them. */
export function firstWord(name, names) {
  const kept = [...name.replaceAll("-", " ")].filter((c) => c === " " || classOf(c, names) !== null);
  return kept.join("").trim() || names.join("");
}

/** Show letters beside each other, each pixel a square; a line that is full ends after a word. */
export function showWord(place, images, [, height, width]) {
  const largest = Math.floor(place.clientWidth / (Math.max(1, images.length) * width));
  const times = Math.max(1, Math.min(largest, Math.ceil(TALLEST / height)));
  const words = [make("span")];
  for (const image of images) {
    if (!image) {
      words.push(make("span"));
      continue;
    }
    const canvas = make("canvas", { width, height });
    canvas.style.width = `${width * times}px`;
    canvas.getContext("2d").putImageData(image, 0, 0);
    words.at(-1).append(canvas);
  }
  place.style.columnGap = `${(width * times) / 2}px`;
  place.replaceChildren(...words.filter((word) => word.firstChild));
}

/** The word on one canvas; `null` leaves a gap. */
export function wordCanvas(images, [, height, width]) {
  const canvas = make("canvas", { width: Math.max(1, images.length) * width, height });
  const context = canvas.getContext("2d");
  images.forEach((image, n) => image && context.putImageData(image, n * width, 0));
  return canvas;
}
