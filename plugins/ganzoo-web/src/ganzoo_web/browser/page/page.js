// The page of one model: a big sample, what moves it, and the wall.

import { read, write } from "./address.js";
import { buildBlend, buildSample, buildSaves, buildSteering } from "./controls.js";
import { BLOCK } from "./draws.js";
import { byId, notice } from "./elements.js";
import { Engine, lacking } from "./engine.js";
import { Given } from "./given.js";
import { Model } from "./model.js";
import { Told } from "./told.js";
import { views } from "./views.js";
import { Wall } from "./wall.js";
import { WordPart } from "./wordpart.js";

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
    this.view = new views[about.view.form](byId("picture").parentElement, about);
    this.hasWall = this.view.hasWall && about.latents.width > 0;
    this.aim = "show"; // what a click on the wall does: show, or blend
    this.turn = 0;
  }

  async start() {
    buildSample(this);
    this.sliders = buildSteering(this);
    const named = () => `${this.about.name}-${this.stem()}`;
    buildSaves(this.view.saves, named, () => this.wall?.samples ?? []);
    if (this.hasWall) this.buildWall();
    this.word = WordPart.of(this.about, {
      first: this.state.word,
      typed: (word) => { this.state.word = word; this.remember(); this.drawWord(0); },
      another: () => this.another(),
      drawn: (labels, rank) => this.drawnAlike(labels, rank),
      named, enlargement: this.view.enlargement,
    });
    if (this.about.conditions?.form === "numbers") await this.buildTold();
    else if (this.about.conditions) await this.buildGiven();
    this.draw();
  }

  buildWall() {
    this.sliders.push(buildBlend(this));
    this.wall = new Wall(byId("wall"), {
      view: this.view, chosen: (index, shifted) => this.choose(index, shifted),
    });
    const other = this.view.cell();
    byId("other").replaceChildren(other);
    for (const input of document.querySelectorAll("input[name=aim]")) {
      input.addEventListener("change", () => { this.aim = input.value; });
    }
    byId("wall-section").hidden = false;
  }

  async buildTold() {
    const changed = (wishes) => this.change({ wishes });
    this.told = new Told(this.about.conditions, this.state.wishes, changed);
    await this.told.ready;
    this.told.build(byId("told"));
  }

  async buildGiven() {
    this.given = new Given(this.about, this.model, {
      first: this.state.given,
      changed: (number) => this.change({ given: number ?? this.state.given }),
    });
    await this.given.start();
  }

  // --- What a visitor does ---

  change(what) {
    Object.assign(this.state, what);
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
    if (known) this.move({ seed, index: 0, share: 0, other: { seed, index: 1 } });
  }

  choose(index, shifted) {
    const { seed, share } = this.state;
    const blends = shifted || this.aim === "blend";
    this.move(blends ? { other: { seed, index }, share: share || 0.5 } : { index, share: 0 });
  }

  reset() {
    this.move({ truncation: 1, amounts: {}, share: 0 });
  }

  /** Change what the sliders show too. */
  move(what) {
    Object.assign(this.state, what);
    for (const [row, value] of this.sliders) row.set(value());
    this.draw();
  }

  stem() {
    return `seed${this.state.seed}-${String(this.state.index).padStart(2, "0")}`;
  }

  // --- Drawing ---

  className(number) {
    return this.names[number] ?? String(number);
  }

  /** A sample of a seed, with its class or the condition that is given. */
  sample(seed, index) {
    return { seed, index, label: this.labelOf(seed, index) };
  }

  labelOf(seed, index) {
    if (this.given) return this.given.condition;
    if (this.told) return this.told.condition(index);
    return this.state.label ?? this.model.draws.label(seed, index);
  }

  get movement() {
    return { step: this.model.step(this.state.amounts), truncation: this.state.truncation };
  }

  /** Where the big sample is before sliders move it: a sample's point, or between two. */
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
    this.drawWord(1);
    if (this.hasWall) this.drawWallSoon();
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

  /** Draw some of the wall's samples; false if newer ones took their place. */
  async drawPortion(asked, from, movement, turn) {
    const places = await this.model.points(asked, { rank: 2 });
    if (turn !== this.turn) return false;
    const points = places.map((point) => this.model.moved(point, movement));
    const labels = asked.map(({ label }) => label);
    const samples = await this.model.drawn(points, labels, { rank: 2, wanted: () => turn === this.turn });
    samples?.forEach((sample, n) => this.wall.show(from + n, sample));
    return samples !== null;
  }

  /** The little sample at the end of the blend's slider. */
  async drawOther() {
    const { other } = this.state;
    const { label } = this.sample(this.state.seed, this.state.index);
    const [place] = await this.model.points([{ ...other, label }]);
    const point = this.model.moved(place, this.movement);
    const samples = await this.model.drawn([point], [label], { slot: "other", rank: 1 });
    if (samples) this.view.fill(byId("other").firstChild, samples[0]);
  }

  /** Samples of several classes from the big sample's point. */
  async drawnAlike(labels, rank) {
    const places = await Promise.all(labels.map((label) => this.place(label)));
    const { movement } = this;
    const points = places.map((point) => this.model.moved(point, movement));
    return this.model.drawn(points, labels, { slot: "word", rank });
  }

  drawWord(rank) {
    this.word?.draw(rank).then(
      (shown) => shown && announce("word"),
      (error) => notice(error.message),
    );
  }

  // --- Words about it ---

  describe() {
    const { seed, index } = this.state;
    const { label } = this.sample(seed, index);
    const said = this.about.latents.width ? [`Seed ${seed}`] : [];
    if (!this.view.hasWall) said.push(`${POINTS} points`);
    else if (this.hasWall) said.push(`${this.view.noun} ${index}`);
    const { title } = this.given ?? this.told ?? {};
    if (title) said.push(title);
    else if (!this.about.conditions && label !== null) said.push(`class ${this.className(label)}`);
    const text = said.join(", ");
    if (byId("caption").textContent !== text) byId("caption").textContent = text;
    const big = byId("picture");
    if (big.getAttribute("role")) big.setAttribute("aria-label", text);
    const what = this.given ? "answers" : "samples";
    byId("wall-title").textContent = `Sixty-four ${what} of seed ${seed}`;
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
    byId("caption").textContent = "";
    notice(`This browser has no ${missing}, which the page needs to draw. Current versions of Chrome, Firefox and Safari do.`);
    return;
  }
  if (!runtime || !Object.keys(models ?? {}).length) {
    byId("caption").textContent = "";
    notice("A part of this page is missing: runtime.js or model.js. Copy its whole folder.");
    return;
  }
  const engine = new Engine(runtime);
  engine.ready.catch((error) => notice(`The runtime did not start: ${error.message}`));
  const page = new Page(Object.values(models)[0], engine);
  page.start().catch((error) => notice(`This page cannot start: ${error.message}`));
  window.addEventListener("hashchange", () => location.reload());
}
