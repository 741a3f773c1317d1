// What a visitor gives a model that draws from conditions: one of the model's own, or a picture of
// theirs; where the model fills holes, a hole is painted into it, and a melody is written.

import { Brush } from "./brush.js";
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
    if (about.form === "notes") this.buildPencil();
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
    this.brush = new Brush(this.canvas, this.sides, () => this.painted());
    const preset = (title, mask) => {
      const button = make("button", { type: "button", textContent: title });
      button.addEventListener("click", () => {
        this.brush.mask = Uint8Array.from(mask);
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

  buildPencil() {
    const ends = (roll) => [roll.reduce((a, b) => Math.min(a, b)), roll.reduce((a, b) => Math.max(a, b))];
    const [off, on] = ends(this.own.flatMap(ends));
    this.pencil = new Pencil(this.canvas, this.about.shape, [off, on], {
      melody: () => this.condition,
      written: (roll) => {
        this.title = "your melody";
        for (const button of this.examples) button.setAttribute("aria-pressed", "false");
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
      const hole = Uint8Array.from(condition.subarray(-size), (alpha) => (alpha < 0 ? 1 : 0));
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
      this.title = file.name || "your picture";
      for (const button of this.examples) button.setAttribute("aria-pressed", "false");
      if (condition) this.give(condition);
      else {
        Object.assign(this, pictureOf(picture, this.shape[0]));
        if (this.missing.some(Boolean)) this.brush.mask = Uint8Array.from(this.missing);
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
    const hole = this.brush.mask.map((hidden, n) => hidden | this.missing[n]);
    const hidden = hole.reduce((sum, one) => sum + one, 0);
    byId("given-note").textContent = !hidden
      ? "Nothing is hidden: paint over what the model should fill."
      : hidden === hole.length ? "Everything is hidden; the model sees nothing."
        : "Paint over what the model should fill.";
    this.give(conditionOf(this.colours, hole, this.about.fill), number, told);
  }

  give(condition, number, told = true) {
    this.condition = condition;
    this.show(this.canvas, condition);
    this.canvas.setAttribute("aria-label", `What is given: ${this.title}`);
    this.fit();
    if (told) this.changed(number);
  }
}
