// The start page of a gallery: walls that sample when asked, and figures in any order.

import { BLOCK } from "./draws.js";
import { make, notice } from "./elements.js";
import { Engine, lacking } from "./engine.js";
import { Model } from "./model.js";
import { rowsOf } from "./packed.js";
import { layoutOf, pixels } from "./pictures.js";
import { rollPixels, sounding } from "./roll.js";
import { axisEnd, scatter } from "./scatter.js";
import { textOf } from "./textview.js";

const COLUMNS = 8;
/** Pixels that a wall has at least, as in Python (pages/walls.py). */
const SIDE = 512;

/** Load a script once; models and the runtime come as scripts, which a disk allows too. */
const loaded = new Map();
function load(source) {
  if (!loaded.has(source)) {
    loaded.set(source, new Promise((resolve, reject) => {
      const script = make("script", { src: source, onload: resolve });
      script.onerror = () => reject(new Error(`${source} is missing`));
      document.head.append(script);
    }));
  }
  return loaded.get(source);
}

let engine = null;
async function modelOf(id) {
  await Promise.all([load("common/runtime.js"), load(`${id}/model.js`)]);
  engine ??= new Engine(globalThis.ganzoo.runtime);
  return new Model(globalThis.ganzoo.models[id], engine);
}

/** One model's wall. */
class Exhibit {
  constructor(card) {
    this.id = card.dataset.model;
    this.picture = card.querySelector(".exhibit").firstElementChild;
    this.link = card.querySelector(".exhibit");
    this.button = card.querySelector("button");
    this.said = card.querySelector("[role=status]");
    this.seed = 0;
    this.button.addEventListener("click", () => this.sample().catch((e) => notice(e.message)));
  }

  async sample() {
    this.model ??= modelOf(this.id);
    this.seed += 1;
    const seed = this.seed;
    this.said.textContent = `drawing seed ${seed} …`;
    const model = await this.model;
    const { conditions, view } = model.about;
    this.own ??= conditions && (await rowsOf(conditions.own, conditions.shape));
    const asked = Array.from({ length: BLOCK }, (_, index) => {
      const label = this.own ? this.own[index % this.own.length] : model.draws.label(seed, index);
      return { seed, index, label };
    });
    await this[view.form === "points" ? "plot" : view.form === "text" ? "words" : "wall"](model, asked);
    this.said.textContent = `seed ${seed}, drawn here`;
    this.link.href = `${this.id}/index.html#seed=${seed}`;
    document.dispatchEvent(new CustomEvent("ganzoo:drawn", { detail: this.id }));
  }

  async wall(model, asked) {
    const { shape, view } = model.about;
    const roll = view.form === "notes";
    const layout = roll ? null : layoutOf(shape, view);
    const [height, width] = roll ? [shape[2], shape[1]] : layout.shape.slice(1);
    const pixelsOf = (sample) => (roll
      ? rollPixels(sounding(sample, shape, view), shape) : pixels(layout.lay(sample), layout.shape));
    const small = make("canvas", { width: COLUMNS * width, height: (BLOCK / COLUMNS) * height });
    const times = Math.max(1, Math.ceil(SIDE / small.width)); // each pixel is a square
    const canvas = this.canvas(times * small.width, times * small.height);
    const [tile, context] = [small.getContext("2d"), canvas.getContext("2d")];
    context.imageSmoothingEnabled = false;
    for (let from = 0; from < asked.length; from += COLUMNS) {
      const samples = await this.drawn(model, asked.slice(from, from + COLUMNS));
      if (this.seed !== asked[0].seed) return; // a newer seed draws
      samples.forEach((sample, n) =>
        tile.putImageData(pixelsOf(sample), n * width, (from / COLUMNS) * height));
      context.drawImage(small, 0, 0, canvas.width, canvas.height);
    }
  }

  async plot(model, asked) {
    const samples = await this.drawn(model, asked);
    scatter(this.canvas(1, 1, "plot"), samples, -1, axisEnd(samples));
  }

  async words(model, asked) {
    const { shape, view } = model.about;
    const samples = await this.drawn(model, asked);
    const items = samples.map((sample) => make("li", { textContent: textOf(sample, shape, view) }));
    this.picture.replaceChildren(...items);
  }

  async drawn(model, asked) {
    const points = await model.points(asked);
    return model.drawn(points, asked.map(({ label }) => label), { rank: 1 });
  }

  canvas(width, height, name = "") {
    if (this.picture.tagName !== "CANVAS") {
      const canvas = make("canvas", { width, height, className: name });
      canvas.setAttribute("role", "img");
      this.picture.replaceWith(canvas);
      this.picture = canvas;
    }
    this.picture.setAttribute("aria-label", `Samples of ${this.id}, seed ${this.seed}`);
    return this.picture;
  }
}

/** Put the rows of the table, and the walls with them, in the order of a column. */
function sort(header) {
  const table = header.closest("table");
  const headers = [...table.querySelectorAll("thead th")];
  const falling = header.getAttribute("aria-sort") === "ascending";
  for (const other of headers) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", falling ? "descending" : "ascending");
  const column = headers.indexOf(header);
  const sign = falling ? -1 : 1;
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => compared(valueOf(a, column), valueOf(b, column), sign));
  table.tBodies[0].append(...rows);
  const walls = document.querySelector(".exhibits");
  walls.append(...rows.map((row) => walls.querySelector(`[data-model="${row.dataset.model}"]`)));
}

function valueOf(row, column) {
  const { value } = row.cells[column].dataset;
  return value === "" ? null : Number.isNaN(Number(value)) ? value : Number(value);
}

/** What has no value comes last, whichever way the rest is sorted. */
function compared(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  return sign * (a < b ? -1 : a > b ? 1 : 0);
}

export function startGallery() {
  for (const button of document.querySelectorAll("thead button")) {
    button.addEventListener("click", () => sort(button.closest("th")));
  }
  const missing = lacking();
  if (missing) {
    notice(`This browser has no ${missing}, which sampling here needs; the walls show seed 0.`);
    return;
  }
  for (const card of document.querySelectorAll("[data-model].card")) new Exhibit(card);
}
