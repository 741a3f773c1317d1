// What is known of the runs: told at once in a kept page, and bit by bit by a server.

import { rowsOf } from "./packed.js";

const STEP_NONE = -32768;

/** Numbers that were packed as steps of a scale. */
function unpack({ scale, data }) {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  return Float32Array.from(new Int16Array(bytes.buffer), (step) =>
    step === STEP_NONE ? NaN : step * scale,
  );
}

function mean(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** A scene with its numbers unpacked, and the middle between real and fake scores. */
function sceneOf(data) {
  const scene = { region: data.region };
  for (const name of ["real", "fake", "push", "heat", "mesh", "real_scores", "fake_scores"]) {
    if (data[name]) scene[name] = unpack(data[name]);
  }
  if (scene.heat) {
    scene.middle = (mean(scene.real_scores) + mean(scene.fake_scores)) / 2;
    scene.rightReal = mean(scene.real_scores.map((score) => score > scene.middle));
    scene.rightFake = mean(scene.fake_scores.map((score) => score < scene.middle));
  }
  return scene;
}

/** One run as the page knows it. */
export class Run {
  constructor(number) {
    Object.assign(this, { number, rows: [], events: [], pictures: [], heard: [], scenes: [], texts: {}, shown: true });
    this.turn = 0;
    this.made = new Map();
    this.sounds = new Map();
  }

  /** Take in what was told. */
  hear(told) {
    const { from, rows, events_from: eventsFrom, events, texts = {}, ...facts } = told;
    this.texts = from === 0 ? texts : { ...this.texts, ...texts };
    if (from === 0 && this.rows.length && !rows.length) this.rows = [];
    this.rows = [...this.rows.slice(0, from), ...rows];
    this.events = [...this.events.slice(0, eventsFrom), ...events];
    if (facts.turn !== this.turn) for (const known of [this.made, this.sounds]) known.clear();
    Object.assign(this, facts);
  }

  /** Where a server should go on: rows, the last one's images, events. */
  get have() {
    const last = this.rows.at(-1);
    return `${this.rows.length}.${last ? last.images : 0}.${this.events.length}`;
  }

  /** Images of one step. */
  get perStep() {
    const batch = Number(this.settings?.["recipe.batch"]) || 1;
    return batch * (Number(this.settings?.["recipe.discriminator_steps"]) || 1);
  }

  /** Where a grid is: an address, or the picture itself. */
  pictureAt(images) {
    return this.picture_data?.[images] ?? `picture/${this.number}/${images}?turn=${this.turn}`;
  }

  /** The newest samples that are heard up to a place, by images; undefined where there are none. */
  heardBefore(images) {
    const heard = this.heard_data ? Object.keys(this.heard_data).map(Number) : this.heard;
    return heard.filter((one) => one <= images + 0.5).at(-1) ?? heard[0];
  }

  /** What is heard: {view, shape, samples}; null where it cannot be read. */
  hearAt(images) {
    if (!this.sounds.has(images)) this.sounds.set(images, this.readSound(images));
    return this.sounds.get(images);
  }

  async readSound(images) {
    try {
      const there = this.heard_data?.[images] ?? (await this.askSound(images));
      return { ...there, samples: await rowsOf(there.rows, there.shape) };
    } catch {
      this.sounds.delete(images); // it is asked for again
      return null;
    }
  }

  async askSound(images) {
    const answer = await fetch(`heard/${this.number}/${images}?turn=${this.turn}`);
    if (!answer.ok) throw new Error(answer.statusText);
    return answer.json();
  }

  /** Grids, or lists of text, that can be shown. */
  get grids() {
    const written = Object.keys(this.texts).map(Number);
    if (written.length) return written.sort((a, b) => a - b);
    return this.picture_data ? Object.keys(this.picture_data).map(Number) : this.pictures;
  }

  /** Scenes that can be shown now, by images. */
  get ready() {
    return this.scenes.filter((images) => this.made.has(images));
  }

  /** Read the scenes that are not here yet; `came` is called now and then. */
  async readScenes(came) {
    if (this.scene_data) {
      for (const [images, data] of Object.entries(this.scene_data)) {
        this.made.set(Number(images), sceneOf(data));
      }
      this.scenes = [...this.made.keys()].sort((a, b) => a - b);
      came();
      return;
    }
    if (this.reading) return;
    this.reading = true;
    const turn = this.turn;
    let news = 0;
    for (const images of this.scenes) {
      if (this.made.has(images)) continue;
      const answer = await fetch(`scene/${this.number}/${images}?turn=${turn}`).catch(() => null);
      if (turn !== this.turn) break;
      if (!answer?.ok) continue;
      this.made.set(images, sceneOf(await answer.json()));
      news += 1;
      if (news % 8 === 0) came();
    }
    this.reading = false;
    if (news) came();
  }
}

/** What a kept page holds; null in a live one. */
export function keptData() {
  const place = document.getElementById("data");
  return place ? JSON.parse(place.textContent) : null;
}
