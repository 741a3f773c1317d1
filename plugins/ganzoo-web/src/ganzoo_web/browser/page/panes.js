// The pictures of a run at one place of its history: the plane, and the grid of samples.

import { byId, make } from "./elements.js";
import { count } from "./format.js";
import { Hearing } from "./hearing.js";
import { LAYERS, Plane, between, meeting, meter, outsideText, scalesOf } from "./plane.js";
import { bar } from "./player.js";

/** The shares of points from which on "nearly all" and "many" are true. */
const MOST = 0.8;
const SOME = 0.3;

/** The pictures of all runs, and the bar that moves them. */
export class Panes {
  constructor(player, perStep) {
    this.player = player;
    this.layers = { heat: true, real: true, fake: true, push: true, mesh: false };
    this.planes = new Map();
    this.films = new Map();
    this.bars = { plane: bar(player, perStep), film: bar(player, perStep) };
    player.listeners.push(() => this.draw());
    new ResizeObserver(() => this.draw()).observe(byId("plane"));
    const scheme = window.matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", () => this.draw());
  }

  /** Make room for the runs, and show the place. */
  show(runs) {
    this.runs = runs;
    const scenes = runs.filter((run) => run.scenes.length);
    const grids = runs.filter((run) => run.grids.length);
    this.fill("plane", this.planes, scenes, (run) => this.planeOf(run));
    this.fill("film", this.films, grids, (run) => this.filmOf(run));
    for (const run of runs) {
      for (const panes of [this.planes, this.films]) {
        if (panes.has(run)) panes.get(run).element.hidden = !run.shown;
      }
    }
    const ready = runs.flatMap((run) => run.ready);
    const stops = ready.length ? ready : runs.flatMap((run) => run.grids);
    this.player.setStops([...new Set(stops)].sort((a, b) => a - b));
    this.draw();
  }

  fill(name, panes, runs, maker) {
    const section = byId(`${name}-section`);
    section.hidden = !runs.length;
    if (!runs.length) return;
    const place = byId(name);
    if (!this[name]) {
      this[name] = make("div", { className: "panes" });
      const side = name === "plane" ? [this.side()] : [];
      const moved = name === "plane" || !this.planes.size ? [this.bars[name]] : [];
      place.append(make("div", { className: "view" }, make("div", {}, this[name], ...moved), ...side));
    }
    this[name].classList.toggle("several", runs.length > 1);
    place.classList.toggle("alone", runs.length === 1);
    for (const run of runs) {
      if (panes.has(run)) continue;
      panes.set(run, maker(run));
      this[name].append(panes.get(run).element);
    }
    if (name === "plane") this.placeMeters(runs);
  }

  /** What the picture shows, as switches. */
  side() {
    this.switches = new Map();
    const rows = LAYERS.map(([layer, title]) => {
      const input = make("input", { type: "checkbox", checked: this.layers[layer] });
      input.addEventListener("change", () => {
        this.layers[layer] = input.checked;
        this.draw();
      });
      const row = make(
        "label",
        { className: `layer ${layer}` },
        input,
        make("span", { className: "sign" }),
        make("span", { textContent: title }),
      );
      this.switches.set(layer, row);
      return row;
    });
    this.story = make("p", { className: "story" });
    const layers = make("div", { className: "layers" }, ...rows);
    return make("div", { className: "side" }, this.story, layers);
  }

  /** How often the discriminator is right: beside a single picture, or below each of several. */
  placeMeters(runs) {
    for (const run of runs) {
      const { below, element, note } = this.planes.get(run);
      if (runs.length > 1) element.append(below, note);
      else this.story.after(below);
    }
  }

  planeOf(run) {
    const canvas = make("canvas", { className: "scene" });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Points of ${run.name}`);
    const real = meter("right about real points", "real");
    const fake = meter("right about generated points", "fake");
    const note = make("p", { className: "quiet" });
    const name = make("p", { className: "name", textContent: run.name });
    const below = make("div", { className: "meters" }, real, fake);
    const element = make("figure", {}, name, canvas, below, note);
    return { element, plane: new Plane(canvas), real, fake, note, below };
  }

  filmOf(run) {
    const written = Object.keys(run.texts).length > 0;
    const image = written
      ? make("ul", { className: "words" })
      : make("img", { alt: `Samples of ${run.name}`, decoding: "sync" });
    image.addEventListener("load", () => {
      image.classList.toggle("reduced", image.naturalWidth > image.clientWidth);
    });
    const note = make("figcaption", { className: "quiet" });
    const name = make("p", { className: "name", textContent: run.name });
    const hearing = new Hearing(run);
    return { element: make("figure", {}, name, image, note, hearing.element), image, note, hearing };
  }

  draw() {
    for (const [run, pane] of this.planes) if (run.shown) this.drawPlane(run, pane);
    for (const [run, pane] of this.films) if (run.shown) this.drawFilm(run, pane);
    this.tellStory();
  }

  /** The run's scene at the place, between two where the place is. */
  sceneAt(run) {
    const { ready } = run;
    if (!ready.length) return null;
    const { images } = this.player;
    let place = 0;
    while (place + 1 < ready.length && ready[place + 1] <= images) place += 1;
    const [from, to] = [ready[place], ready[place + 1]];
    const share = to === undefined || images <= from ? 0 : (images - from) / (to - from);
    return between(run.made.get(from), run.made.get(to), share);
  }

  drawPlane(run, pane) {
    const scene = this.sceneAt(run);
    if (!scene) return;
    if (run.scaled !== run.made.size) {
      run.scales = scalesOf(run.made.values());
      run.scaled = run.made.size;
    }
    pane.plane.draw(scene, run.scales, this.layers);
    pane.below.hidden = !scene.heat;
    if (scene.heat) {
      pane.real.set(scene.rightReal);
      pane.fake.set(scene.rightFake);
    }
    pane.note.textContent = outsideText(scene);
    for (const [layer, row] of this.switches) row.hidden = scene[layer] === undefined;
  }

  drawFilm(run, { image, note, hearing }) {
    const { grids } = run;
    const { images } = this.player;
    const seen = grids.filter((one) => one <= images + 0.5).at(-1) ?? grids[0];
    const lines = run.texts[seen];
    const source = lines ? `text ${seen} ${run.turn}` : run.pictureAt(seen);
    if (image.dataset.source !== source) {
      image.dataset.source = source;
      if (lines) image.replaceChildren(...lines.map((line) => make("li", { textContent: line })));
      else image.src = source;
    }
    note.textContent = `after ${count(seen)} images`;
    if (run.heardBefore(seen) !== undefined) hearing.show(seen);
  }

  /** The picture in a sentence. */
  tellStory() {
    if (!this.story) return;
    const [run, ...others] = [...this.planes.keys()].filter((one) => one.shown);
    const scene = run && this.sceneAt(run);
    if (!scene) return;
    this.story.textContent = others.length ? "All games after as many images." : storyOf(scene);
  }
}

/** What a newcomer should see in a scene. */
function storyOf(scene) {
  const { hits, reached } = meeting(scene);
  const lands = hits > MOST;
  const leavesOut = lands && reached < MOST;
  if (!scene.heat) return "The orange points try to land where the blue ones are.";
  const right = (scene.rightReal + scene.rightFake) / 2;
  if (leavesOut) return "The orange points crowd around some of the blue ones, and leave others out.";
  if (right > 0.9) {
    return "The discriminator tells nearly all points apart, and pushes the orange ones towards the blue.";
  }
  if (lands) return "The orange points lie where the blue ones are: the discriminator can hardly tell them apart.";
  if (right > 0.6) return "The discriminator tells many points apart, and the orange ones follow its pushes.";
  if (hits > SOME) return "The orange points come close to the blue ones: the discriminator can hardly tell them apart.";
  return "The discriminator is guessing: it has not found out yet where the blue points are.";
}
