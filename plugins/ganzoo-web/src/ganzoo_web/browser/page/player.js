// A place in the run's history that several pictures share, and the bar that moves it.

import { make } from "./elements.js";
import { count } from "./format.js";

/** Seconds for the whole history at speed 1, and the least for one step of it. */
const WHOLE = 14;
const LEAST = 0.06;
const SPEEDS = [0.5, 1, 2, 4];

const SHAPES = {
  first: "M3 3h2v10H3zM13 3v10L6 8z",
  back: "M12 3v10L5 8z",
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  on: "M4 3v10l7-5z",
};

function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  drawing.setAttribute("viewBox", "0 0 16 16");
  drawing.setAttribute("aria-hidden", "true");
  path.setAttribute("d", SHAPES[name]);
  drawing.append(path);
  return drawing;
}

/** Moves `at`, a place between the `stops` (images seen), and tells whoever listens. */
export class Player {
  constructor() {
    this.stops = [0];
    this.at = 0;
    this.speed = 1;
    this.playing = false;
    this.following = true;
    this.listeners = [];
  }

  /** Images seen at the place, between two stops too. */
  get images() {
    const left = Math.floor(this.at);
    const right = Math.min(left + 1, this.stops.length - 1);
    return this.stops[left] + (this.stops[right] - this.stops[left]) * (this.at - left);
  }

  /** The history has these stops now; whoever follows goes to the newest. */
  setStops(stops) {
    const same = stops.length === this.stops.length && stops.at(-1) === this.stops.at(-1);
    if (same || !stops.length) return;
    const before = this.images;
    this.stops = stops;
    if (this.following) this.at = stops.length - 1;
    else this.at = this.placeOf(before);
    this.tell();
  }

  /** The last stop at or before these images. */
  placeOf(images) {
    let place = 0;
    while (place + 1 < this.stops.length && this.stops[place + 1] <= images) place += 1;
    return place;
  }

  go(place) {
    const last = this.stops.length - 1;
    this.at = Math.max(0, Math.min(last, place));
    this.following = this.at === last;
    this.tell();
  }

  goToImages(images) {
    this.pause();
    const left = this.placeOf(images);
    const nearer =
      left + 1 < this.stops.length &&
      this.stops[left + 1] - images < images - this.stops[left];
    this.go(nearer ? left + 1 : left);
  }

  step(by) {
    this.pause();
    this.go(by > 0 ? Math.floor(this.at) + by : Math.ceil(this.at) + by);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.at >= this.stops.length - 1) this.at = 0;
    this.playing = true;
    this.following = false;
    let before = performance.now();
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const move = (now) => {
      if (!this.playing) return;
      const each = Math.max(LEAST, WHOLE / Math.max(1, this.stops.length - 1)) / this.speed;
      const passed = (now - before) / 1000 / each;
      if (!calm || passed >= 1) {
        this.at = Math.min(this.stops.length - 1, calm ? Math.floor(this.at) + 1 : this.at + passed);
        before = now;
        if (this.at >= this.stops.length - 1) this.pause();
        this.tell();
      }
      if (this.playing) requestAnimationFrame(move);
    };
    this.tell();
    requestAnimationFrame(move);
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.at = Math.round(this.at);
    this.following = this.at === this.stops.length - 1;
    this.tell();
  }

  tell() {
    for (const listener of this.listeners) listener(this);
  }
}

function button(shape, title, pressed) {
  const made = make("button", { type: "button", title, className: "icon" }, icon(shape));
  made.setAttribute("aria-label", title);
  made.addEventListener("click", pressed);
  return made;
}

/** A bar for a player: to the first, back, play, on, a slider, the speed, where it is. */
export function bar(player, perStep) {
  const play = button("play", "Play", () => player.toggle());
  play.classList.add("play");
  const slider = make("input", { type: "range", min: 0, step: 1, className: "timeline" });
  slider.setAttribute("aria-label", "Place in the training");
  slider.addEventListener("input", () => {
    player.playing = false;
    player.go(Number(slider.value));
  });
  const where = make("output", { className: "where" });
  const speed = make("select", { className: "speed" });
  speed.setAttribute("aria-label", "Speed");
  for (const times of SPEEDS) {
    speed.append(make("option", { value: times, textContent: `${times}×`, selected: times === 1 }));
  }
  speed.addEventListener("change", () => {
    player.speed = Number(speed.value);
  });
  const show = () => {
    slider.max = player.stops.length - 1;
    slider.value = player.at;
    const images = Math.round(player.images);
    where.textContent = `step ${count(images / perStep())} · ${count(images)} images`;
    slider.setAttribute("aria-valuetext", where.textContent);
    play.replaceChildren(icon(player.playing ? "pause" : "play"));
    play.title = player.playing ? "Pause" : "Play";
    play.setAttribute("aria-label", play.title);
  };
  player.listeners.push(show);
  show();
  return make(
    "div",
    { className: "bar" },
    make(
      "div",
      { className: "buttons" },
      button("first", "To the beginning", () => {
        player.pause();
        player.go(0);
      }),
      button("back", "One step back", () => player.step(-1)),
      play,
      button("on", "One step on", () => player.step(1)),
      speed,
    ),
    slider,
    where,
  );
}
