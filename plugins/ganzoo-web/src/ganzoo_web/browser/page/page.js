// The page of one model: a big picture, what moves it, and the wall.

import { read, write } from "./address.js";
import { BLOCK } from "./draws.js";
import { byId, make, notice, slider } from "./elements.js";
import { Engine, lacking } from "./engine.js";
import { kinds } from "./kinds.js";
import { Model } from "./model.js";
import { paint, pixels, download } from "./pictures.js";
import { Wall } from "./wall.js";
import { classOf, drawsCharacters, firstWord, showWord, wordCanvas } from "./word.js";

/** Standard deviations that a direction's slider reaches on both sides. */
const REACH = 4;
const POINTS = 1024;
/** Milliseconds without movement after which the wall is drawn. */
const PAUSE = 120;
/** Seeds among which the button chooses. */
const SEEDS = 100000;

export class Page {
  constructor(about, engine) {
    this.about = about;
    this.model = new Model(about, engine);
    this.names = about.latents.classes?.names ?? [];
    this.state = read(location.hash, about);
    this.view = new kinds[about.kind](byId("picture"), about.shape);
    this.aim = "show"; // what a click on the wall does: show, or blend
    this.sliders = [];
    this.turn = 0;
  }

  async start() {
    this.buildSample();
    this.buildSteering();
    if (this.view.hasWall) this.buildWall();
    if (drawsCharacters(this.about.latents)) this.buildWord();
    this.draw();
  }

  // --- Parts of the page ---

  buildSample() {
    const seed = byId("seed");
    seed.value = this.state.seed;
    const { seeds } = this.about.latents;
    if (seeds) seed.max = seeds - 1;
    seed.addEventListener("input", () => this.setSeed(seed.value));
    byId("another").addEventListener("click", () => this.another());
    byId("controls").addEventListener("submit", (event) => event.preventDefault());
    this.buildClasses();
    byId("download").addEventListener("click", () => this.save(true));
    byId("download-exact").addEventListener("click", () => this.save(false));
    byId("download-exact").hidden = this.view.enlargement === 1;
    byId("reset").addEventListener("click", () => this.reset());
  }

  buildClasses() {
    const { classes } = this.about.latents;
    if (!classes) return;
    const options = Array.from({ length: classes.count }, (_, number) =>
      make("option", { value: String(number), textContent: this.className(number) }));
    const any = make("option", { value: "", textContent: "as drawn" });
    const select = byId("class");
    select.replaceChildren(any, ...options);
    select.value = this.state.label ?? "";
    select.addEventListener("change", () => {
      this.state.label = select.value === "" ? null : Number(select.value);
      this.draw();
    });
    byId("class-row").hidden = false;
  }

  buildSteering() {
    const place = byId("sliders");
    const rows = [];
    if (this.model.truncates) {
      rows.push(slider({
        id: "truncation", title: "truncation", least: 0, most: 1.5, step: 0.01,
        value: this.state.truncation, shown: (value) => value.toFixed(2),
        changed: (value) => this.change(() => { this.state.truncation = value; }),
      }));
      this.sliders.push([rows[0], () => this.state.truncation]);
    }
    for (const { name, title } of this.about.directions) {
      const row = slider({
        id: `by-${name}`, title, least: -REACH, most: REACH, step: 0.05,
        value: this.state.amounts[name] ?? 0,
        shown: (value) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(2)} σ`,
        changed: (value) => this.change(() => { this.state.amounts[name] = value; }),
      });
      rows.push(row);
      this.sliders.push([row, () => this.state.amounts[name] ?? 0]);
    }
    place.replaceChildren(...rows);
    byId("steering").hidden = !rows.length;
    this.buildBlend();
  }

  buildBlend() {
    const row = slider({
      id: "blend", title: "Blend with another", least: 0, most: 1, step: 0.01,
      value: this.state.share, shown: (value) => `${Math.round(100 * value)} %`,
      changed: (value) => this.change(() => { this.state.share = value; }),
    });
    byId("blend-row").prepend(row);
    byId("blend-row").hidden = !this.view.hasWall;
    this.sliders.push([row, () => this.state.share]);
    this.blend = row;
    const stage = byId("picture").parentElement;
    const drag = (event) => {
      if (!event.buttons || !this.view.hasWall) return;
      const { left, width } = stage.getBoundingClientRect();
      const share = Math.min(1, Math.max(0, (event.clientX - left) / width));
      this.change(() => { this.state.share = Math.round(100 * share) / 100; });
      this.blend.set(this.state.share);
    };
    stage.addEventListener("pointermove", drag);
  }

  buildWall() {
    this.wall = new Wall(byId("wall"), {
      shape: this.about.shape,
      chosen: (index, shifted) => this.choose(index, shifted),
    });
    for (const input of document.querySelectorAll("input[name=aim]")) {
      input.addEventListener("change", () => { this.aim = input.value; });
    }
    byId("wall-section").hidden = false;
  }

  buildWord() {
    const field = byId("word");
    const first = firstWord(this.about.name, this.names);
    field.value = this.state.word ?? first;
    field.addEventListener("input", () => {
      this.state.word = field.value === first ? null : field.value;
      this.drawWord(0);
      this.remember();
    });
    byId("download-word").addEventListener("click", () => {
      const name = `${this.about.name}-${this.stem()}-word.png`;
      if (this.word) download(wordCanvas(this.word, this.about.shape), name, this.view.enlargement);
    });
    byId("another-style").addEventListener("click", () => this.another());
    new ResizeObserver(() => this.showWord()).observe(byId("word-section"));
    byId("word-section").hidden = false;
  }

  // --- What a visitor does ---

  change(how) {
    how();
    this.draw();
  }

  another() {
    const random = crypto.getRandomValues(new Uint32Array(1))[0];
    byId("seed").value = random % (this.about.latents.seeds ?? SEEDS);
    this.setSeed(byId("seed").value);
  }

  setSeed(text) {
    const seed = /^\d{1,15}$/.test(text) ? Number(text) : null;
    const { seeds } = this.about.latents;
    const known = seed !== null && (!seeds || seed < seeds);
    byId("seed").setAttribute("aria-invalid", String(!known));
    if (!known) return;
    Object.assign(this.state, { seed, index: 0, share: 0, other: { seed, index: 1 } });
    this.showSliders();
    this.draw();
  }

  choose(index, shifted) {
    const { state } = this;
    if (shifted || this.aim === "blend") {
      state.other = { seed: state.seed, index };
      if (state.share === 0) state.share = 0.5;
    } else {
      Object.assign(state, { index, share: 0 });
    }
    this.showSliders();
    this.draw();
  }

  reset() {
    Object.assign(this.state, { truncation: 1, amounts: {}, share: 0 });
    this.showSliders();
    this.draw();
  }

  showSliders() {
    for (const [row, value] of this.sliders) row.set(value());
  }

  save(large) {
    this.view.save(`${this.about.name}-${this.stem()}.png`, large);
  }

  stem() {
    return `seed${this.state.seed}-${String(this.state.index).padStart(2, "0")}`;
  }

  // --- Drawing ---

  className(number) {
    return this.names[number] ?? String(number);
  }

  sample(seed, index) {
    return { seed, index, label: this.state.label ?? this.model.draws.label(seed, index) };
  }

  get movement() {
    return { step: this.model.step(this.state.amounts), truncation: this.state.truncation };
  }

  /** Where the big picture is before sliders move it: a sample's point, or between two. */
  async place(label) {
    const { seed, index, other, share } = this.state;
    const here = { ...this.sample(seed, index), label };
    if (!share) return (await this.model.points([here]))[0];
    const there = { ...other, label };
    const [start, end] = await this.model.points([here, there]);
    return this.model.between(start, end, share);
  }

  draw() {
    this.turn += 1; // what is being drawn of the wall is out of date
    this.remember();
    this.describe();
    const drawn = this.view.hasWall ? this.drawPicture() : this.drawPoints();
    drawn.catch((error) => notice(`This model cannot be drawn here: ${error.message}`));
  }

  async drawPicture() {
    const { label } = this.sample(this.state.seed, this.state.index);
    const point = this.model.moved(await this.place(label), this.movement);
    const samples = await this.model.drawn([point], [label], { slot: "picture", rank: 0 });
    if (!samples) return;
    this.view.show(samples);
    announce();
    if (this.names.length && !byId("word-section").hidden) this.drawWord(1);
    this.drawWallSoon();
  }

  async drawPoints() {
    const { seed, index } = this.state;
    const asked = Array.from({ length: POINTS }, (_, number) => this.sample(seed, number));
    const places = await this.model.points(asked);
    const { movement } = this;
    const points = places.map((point) => this.model.moved(point, movement));
    const labels = asked.map(({ label }) => label);
    const samples = await this.model.drawn(points, labels, { slot: "picture", rank: 0 });
    if (!samples) return;
    this.view.show(samples, index);
    announce();
  }

  /** Draw the wall once nothing has moved for a moment, so that it never delays the picture. */
  drawWallSoon() {
    const { seed, index, other } = this.state;
    this.wall.mark(index, other.seed === seed ? other.index : -1);
    clearTimeout(this.wallSoon);
    this.wallSoon = setTimeout(() => {
      Promise.all([this.drawWall(), this.drawOther()]).catch((error) => notice(error.message));
    }, PAUSE);
  }

  async drawWall() {
    const asked = Array.from({ length: BLOCK }, (_, number) => this.sample(this.state.seed, number));
    const { movement } = this;
    const { portion } = this.model;
    const { turn } = this;
    const portions = Array.from({ length: Math.ceil(BLOCK / portion) }, (_, n) => n * portion);
    const whole = await Promise.all(
      portions.map((from) => this.drawPortion(asked.slice(from, from + portion), from, movement, turn)),
    );
    if (whole.every(Boolean)) announce("wall");
  }

  /** Draw some of the wall's pictures; false if newer ones took their place. */
  async drawPortion(asked, from, movement, turn) {
    const places = await this.model.points(asked, { rank: 2 });
    if (turn !== this.turn) return false;
    const points = places.map((point) => this.model.moved(point, movement));
    const labels = asked.map(({ label }) => label);
    const samples = await this.model.drawn(points, labels, { rank: 2, wanted: () => turn === this.turn });
    samples?.forEach((sample, n) => this.wall.show(from + n, sample));
    return samples !== null;
  }

  /** The little picture at the end of the blend's slider. */
  async drawOther() {
    const { other } = this.state;
    const { label } = this.sample(this.state.seed, this.state.index);
    const [place] = await this.model.points([{ ...other, label }]);
    const point = this.model.moved(place, this.movement);
    const samples = await this.model.drawn([point], [label], { slot: "other", rank: 1 });
    if (samples) paint(byId("other"), samples[0], this.about.shape);
  }

  async drawWord(rank) {
    const letters = [...byId("word").value].slice(0, 24);
    const labels = letters.map((letter) => classOf(letter, this.names));
    const known = labels.filter((label) => label !== null);
    const unknown = letters.filter((letter, n) => labels[n] === null && letter !== " ");
    byId("word-note").textContent = unknown.length
      ? `This model does not draw ${[...new Set(unknown)].join(" ")}` : "";
    if (!known.length) return;
    const places = await Promise.all(known.map((label) => this.place(label)));
    const { movement } = this;
    const points = places.map((point) => this.model.moved(point, movement));
    const samples = await this.model.drawn(points, known, { slot: "word", rank });
    if (!samples) return;
    const images = samples.map((sample) => pixels(sample, this.about.shape));
    const row = labels.map((label) => (label === null ? null : images.shift()));
    this.word = row;
    this.showWord();
    byId("word-picture").setAttribute("aria-label", `${letters.join("")} in the picture's style`);
    announce("word");
  }

  showWord() {
    if (this.word) showWord(byId("word-picture"), this.word, this.about.shape);
  }

  // --- Words about it ---

  describe() {
    const { seed, index } = this.state;
    const { label } = this.sample(seed, index);
    const said = [`Seed ${seed}`, this.view.hasWall ? `picture ${index}` : `${POINTS} points`];
    if (label !== null) said.push(`class ${this.className(label)}`);
    const text = said.join(", ");
    if (byId("caption").textContent !== text) byId("caption").textContent = text;
    byId("picture").setAttribute("aria-label", text);
    if (byId("wall-title")) byId("wall-title").textContent = `Sixty-four samples of seed ${seed}`;
  }

  remember() {
    const hash = write(this.state);
    clearTimeout(this.remembering);
    this.remembering = setTimeout(() => {
      history.replaceState(null, "", `#${hash}`);
    }, 200);
  }
}

/** Say that something was drawn, and keep when it was the first time. */
function announce(what = "picture") {
  if (!performance.getEntriesByName(`first-${what}`).length) performance.mark(`first-${what}`);
  document.dispatchEvent(new CustomEvent("ganzoo:drawn", { detail: what }));
}

/** Start the page of a model, or say why this browser cannot. */
export function startPage({ runtime, models }) {
  const missing = lacking();
  if (missing) {
    notice(`This browser has no ${missing}, which the page needs to draw. Current versions of Chrome, Firefox and Safari do.`);
    return;
  }
  const engine = new Engine(runtime);
  engine.ready.catch((error) => notice(`The runtime did not start: ${error.message}`));
  const page = new Page(Object.values(models)[0], engine);
  page.start();
  window.addEventListener("hashchange", () => location.reload());
}
