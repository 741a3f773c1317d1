// What a visitor gives a model that draws from conditions: one of the model's own, or a picture of
// theirs; where the model fills holes, a hole is painted into it, and a melody is written.

import { Brush, FINEST } from "./brush.js";
import { byId, make, notice } from "./elements.js";
import { conditionOf, pictureOf, planesOf, readPicture, showCondition } from "./hole.js";
import { rowsOf, unpacked } from "./packed.js";
import { Pencil } from "./pencil.js";
import { fit } from "./pictures.js";
import { rollPixels, sounding } from "./roll.js";

/** Conditions of the model's own that can be chosen. */
const EXAMPLES = 12;

export class Given {
  /** `changed(number)` is told of a new condition, and of its number if it is the model's own. */
  constructor(about, model, { first, changed }) {
    const { conditions, shape, view } = about;
    Object.assign(this, { about: conditions, view, model, shape, first, changed });
    this.canvas = byId("given");
    this.sides = conditions.shape.slice(1);
    this.condition = null;
    this.title = "";
  }

  async start() {
    const { about } = this;
    this.own = await rowsOf(about.own, about.shape);
    this.targets = about.targets ? await rowsOf(about.targets, this.shape) : null;
    this.buildExamples();
    this.buildOwn();
    if (about.paints) await this.buildBrush();
    else if (about.form === "notes") this.buildPencil();
    else if (about.shape[0] === 1) this.buildPen();
    for (const id of ["given-section", "given-tools", "answer-title"]) byId(id).hidden = false;
    byId("desk").classList.add("gives");
    const frame = this.canvas.parentElement;
    for (const wide of [frame, byId("desk")]) wide.classList.toggle("roll", about.form === "notes");
    this.fit = () => about.form === "notes" || fit(this.canvas, frame.clientWidth);
    new ResizeObserver(this.fit).observe(frame);
    this.choose(this.first, false);
  }

  buildExamples() {
    const shown = this.own.slice(0, Math.max(EXAMPLES, this.first + 1));
    this.examples = shown.map((condition, number) => {
      const canvas = make("canvas");
      this.show(canvas, condition);
      const button = make("button", { type: "button" }, canvas);
      button.setAttribute("aria-label", `Example ${number}`);
      button.addEventListener("click", () => this.choose(number));
      return button;
    });
    byId("examples").replaceChildren(...this.examples);
  }

  /** A file, a drop or a paste, unless the page knows no way from a picture to a condition. */
  buildOwn() {
    const { paints, readings } = this.about;
    if (!paints && !readings.length) return;
    byId("own-row").hidden = false;
    const take = (files) => files?.[0] && this.take(files[0]);
    byId("own").addEventListener("change", ({ target }) => take(target.files));
    const desk = byId("desk");
    desk.addEventListener("dragover", (event) => event.preventDefault());
    desk.addEventListener("drop", (event) => {
      event.preventDefault();
      take(event.dataTransfer.files);
    });
    document.addEventListener("paste", (event) => take(event.clipboardData.files));
    if (readings.length < 2) return;
    const select = byId("reading");
    select.replaceChildren(...readings.map(({ title }, number) =>
      make("option", { value: String(number), textContent: title })));
    select.value = String(readings.length - 1); // made as in training, not as they are
    select.addEventListener("change", () => this.file && this.take(this.file));
    byId("reading-row").hidden = false;
  }

  async buildBrush() {
    const [height, width] = this.sides;
    const radius = Math.min(height, width) / 10;
    const painted = () => this.painted();
    this.brush = new Brush(this.canvas, this.sides, { values: [1, 0], radius, painted });
    const preset = (title, mask) => {
      const button = make("button", { type: "button", textContent: title });
      button.addEventListener("click", () => {
        this.brush.mask = Float32Array.from(mask);
        this.painted();
      });
      return button;
    };
    const masks = await Promise.all(this.about.holes.map(({ mask }) => unpacked(mask)));
    const buttons = this.about.holes.map(({ name }, n) => preset(`Hide ${name}`, masks[n]));
    const nothing = preset("Hide nothing", new Uint8Array(height * width));
    byId("presets").replaceChildren(...buttons, nothing);
    byId("brush-row").hidden = false;
    byId("presets").hidden = false;
  }

  /** A drawing is drawn: ink is the end of the range that is farther from the paper. */
  buildPen() {
    const values = Float32Array.from(this.own.flatMap((drawing) => [...drawing])).sort();
    const [least, paper, most] = [values[0], values[values.length >> 1], values.at(-1)];
    const ink = most - paper > paper - least ? most : least;
    this.pen = new Brush(this.canvas, this.sides, {
      values: [ink, paper],
      radius: Math.max(FINEST, Math.min(...this.sides) / 32),
      painted: () => {
        this.file = null;
        this.named("your drawing");
        this.give(Float32Array.from(this.pen.mask));
      },
    });
    byId("brush-paints").textContent = "draws";
    byId("brush-back").textContent = "rubs out";
    byId("brush-row").hidden = false;
    byId("given-note").textContent = "Draw on it.";
    const clear = make("button", { type: "button", textContent: "Empty paper" });
    clear.addEventListener("click", () => {
      this.pen.mask.fill(paper);
      this.pen.painted();
    });
    byId("presets").replaceChildren(clear);
    byId("presets").hidden = false;
  }

  /** Call what is given something else than an example. */
  named(title) {
    this.title = title;
    for (const button of this.examples) button.setAttribute("aria-pressed", "false");
  }

  buildPencil() {
    const ends = (roll) => [roll.reduce((a, b) => Math.min(a, b)), roll.reduce((a, b) => Math.max(a, b))];
    const [off, on] = ends(this.own.flatMap(ends));
    this.pencil = new Pencil(this.canvas, this.about.shape, [off, on], {
      melody: () => this.condition,
      written: (roll) => {
        this.named("your melody");
        this.give(roll);
      },
    });
    byId("given-note").textContent = "Draw a melody; touch a note to take it away.";
  }

  /** Show a condition on a canvas, as what it is. */
  show(canvas, condition) {
    const { form, shape } = this.about;
    if (form === "pictures") {
      showCondition(canvas, condition, shape);
      return;
    }
    Object.assign(canvas, { width: shape[1], height: shape[2] });
    canvas.getContext("2d").putImageData(rollPixels(sounding(condition, shape, this.view), shape), 0, 0);
  }

  /** Give one of the model's own conditions, with its own hole. */
  choose(number, told = true) {
    const condition = this.own[number];
    this.file = null;
    this.title = `example ${number}`;
    this.examples.forEach((button, n) => button.setAttribute("aria-pressed", String(n === number)));
    notice("");
    if (this.brush) {
      const size = this.sides[0] * this.sides[1];
      const hole = Float32Array.from(condition.subarray(-size), (alpha) => (alpha < 0 ? 1 : 0));
      this.colours = this.targets ? this.targets[number] : condition.subarray(0, -size);
      this.missing = this.targets ? new Uint8Array(size) : hole;
      this.brush.mask = hole;
      this.painted(told ? number : undefined, told);
    } else {
      this.give(condition, told ? number : undefined, told);
    }
  }

  /** Give a visitor's picture. */
  async take(file) {
    try {
      const { paints, readings } = this.about;
      const reading = paints ? null : readings[byId("reading").value || 0];
      const picture = await readPicture(file, reading?.sides ?? this.sides);
      const condition = reading && (await this.read(picture, reading));
      notice("");
      this.file = file;
      this.named(file.name || "your picture");
      if (condition) this.give(condition);
      else {
        Object.assign(this, pictureOf(picture, this.shape[0]));
        if (this.missing.some(Boolean)) this.brush.mask = Float32Array.from(this.missing);
        this.painted();
      }
    } catch (error) {
      const unreadable = error instanceof DOMException;
      notice(unreadable ? `${file.name} is no picture that this browser can read.` : error.message);
    }
  }

  /** A picture's condition, by the way that the model's data set takes. */
  async read(picture, { title, graph, sides }) {
    const part = this.model.part(`reading ${title}`);
    await this.model.engine.ask("open", { part, graph });
    const pictures = { type: "float32", data: planesOf(picture), dims: [1, 4, ...sides] };
    return (await this.model.engine.ask("run", { part, inputs: { pictures } })).data;
  }

  /** What the brush hides is to be filled, and what was never there. */
  painted(number, told = true) {
    const hole = Uint8Array.from(this.brush.mask, (hidden, n) => hidden || this.missing[n]);
    const hidden = hole.reduce((sum, one) => sum + one, 0);
    byId("given-note").textContent = !hidden
      ? "Nothing is hidden: paint over what the model should fill."
      : hidden === hole.length ? "Everything is hidden; the model sees nothing."
        : "Paint over what the model should fill.";
    this.give(conditionOf(this.colours, hole, this.about.fill), number, told);
  }

  give(condition, number, told = true) {
    this.condition = condition;
    if (this.pen) this.pen.mask = Float32Array.from(condition);
    this.show(this.canvas, condition);
    this.canvas.setAttribute("aria-label", `What is given: ${this.title}`);
    this.fit();
    if (told) this.changed(number);
  }
}
