// Music: a piano roll that can be heard, and a wall of others.

import { make, slider } from "./elements.js";
import { save } from "./files.js";
import { midiOf } from "./midi.js";
import { download } from "./pictures.js";
import { TRACKS, drawRoll, notesOf, rollPixels, sounding } from "./roll.js";
import { Player } from "./sound.js";

export class RollView {
  noun = "piece";
  hasWall = true;

  constructor(place, { shape, view, prefix = "" }) {
    const [tracks, steps] = shape;
    Object.assign(this, { shape, view, notes: [], muted: new Set(), head: null, prefix });
    this.names = Array.from({ length: tracks }, (_, n) => view.tracks[n] ?? `track ${n + 1}`);
    this.pace = view.beats_per_minute;
    this.canvas = place.querySelector("canvas");
    place.classList.add("roll");
    this.player = new Player({
      steps,
      notesAt: (step) => this.notes.filter((note) => note.step === step && !this.muted.has(note.track)),
      seconds: () => 60 / this.pace / view.steps_per_beat,
      moved: (step) => this.moved(step),
    });
    place.after(this.controls());
    new ResizeObserver(() => this.draw()).observe(place);
    this.saves = [
      { id: "download", title: "Save PNG", run: (stem) => download(this.canvas, `${stem}.png`) },
      { id: "download-midi", title: "Save MIDI", run: (stem) => this.saveMidi(stem) },
    ];
  }

  controls() {
    this.button = make("button", { id: `${this.prefix}play`, type: "button", className: "play", textContent: "Play" });
    this.button.addEventListener("click", () => this.toggle());
    const tempo = slider({
      id: `${this.prefix}tempo`, title: "beats per minute", least: 30, most: 240, step: 1, value: this.pace,
      shown: (value) => String(Math.round(value)), changed: (value) => { this.pace = value; },
    });
    const tracks = this.names.map((name, track) => this.switchOf(name, track));
    const names = make("fieldset", { className: "tracks" }, ...tracks);
    names.prepend(make("legend", { className: "hidden", textContent: "Tracks that are heard" }));
    return make("div", { className: "music" }, this.button, tempo, names);
  }

  switchOf(name, track) {
    const input = make("input", { type: "checkbox", checked: true });
    input.style.accentColor = TRACKS[track % TRACKS.length];
    input.addEventListener("change", () => {
      this.muted[input.checked ? "delete" : "add"](track);
      this.draw();
    });
    return make("label", {}, input, make("span", { textContent: name }));
  }

  toggle() {
    if (this.player.playing) this.player.stop();
    else this.player.start();
    this.button.textContent = this.player.playing ? "Stop" : "Play";
  }

  moved(step) {
    if (step === this.head) return;
    this.head = step;
    if (step === null) delete this.canvas.dataset.step;
    else this.canvas.dataset.step = step;
    this.draw();
  }

  show([sample]) {
    this.notes = notesOf(sounding(sample, this.shape, this.view), this.shape, this.view);
    this.draw();
  }

  draw() {
    const { muted, head, view } = this;
    const stepsPerBeat = view.steps_per_beat;
    const stepsPerBar = stepsPerBeat * view.beats_per_bar;
    const how = { lowest: view.lowest, stepsPerBeat, stepsPerBar, muted, head };
    drawRoll(this.canvas, this.notes, this.shape, how);
  }

  cell() {
    return make("canvas", { width: this.shape[1], height: this.shape[2] });
  }

  fill(cell, sample) {
    const pixels = rollPixels(sounding(sample, this.shape, this.view), this.shape);
    cell.getContext("2d").putImageData(pixels, 0, 0);
  }

  saveMidi(stem) {
    const pace = { stepsPerBeat: this.view.steps_per_beat, beatsPerMinute: this.pace };
    save(new Blob([midiOf(this.notes, this.names, pace)], { type: "audio/midi" }), `${stem}.mid`);
  }
}
