// The page of trainings: kept in one file, or told bit by bit by a server.

import { Curves } from "./curves.js";
import { byId, make, notice } from "./elements.js";
import { count, duration } from "./format.js";
import { Panes } from "./panes.js";
import { Player } from "./player.js";
import { Run, keptData } from "./story.js";
import { showEvents, showFigures, showRecipe } from "./tables.js";

/** Milliseconds between two questions: while a run trains, else, and in a page that is hidden. */
const SOON = 1000;
const LATER = 4000;
const HIDDEN = 10000;
const COLOURS = 8;

/** The page and all that it shows. */
class Page {
  constructor() {
    this.runs = [];
    this.player = new Player();
    this.curves = new Curves(this.player);
    this.panes = new Panes(this.player, () => this.runs[0]?.perStep ?? 1);
    document.addEventListener("keydown", (event) => this.key(event));
  }

  /** Take in what was told of all runs. */
  hear(told) {
    told.runs.forEach((one, number) => {
      this.runs[number] ??= new Run(number);
      this.runs[number].colour = `var(--run-${number % COLOURS})`;
      this.runs[number].hear(one);
    });
    if (told.differences) this.differences = told.differences;
    this.show();
    for (const run of this.runs) if (run.scenes.length) run.readScenes(() => this.panes.show(this.runs));
  }

  show() {
    this.head();
    this.panes.show(this.runs);
    this.curves.show(this.runs);
    showEvents(this.runs);
    showFigures(this.runs);
    if (this.recipes !== this.runs.length) {
      this.recipes = this.runs.length;
      showRecipe(this.runs, this.differences ?? {});
    }
    if (!performance.getEntriesByName("first-page").length) performance.mark("first-page");
  }

  head() {
    const names = this.runs.map((run) => run.name);
    const title = names.length > 1 ? `${names.length} trainings` : names[0];
    byId("title").textContent = title;
    document.title = `${this.runs.some((run) => run.state === "running") ? "▶ " : ""}${title} · ganzoo`;
    byId("lede").textContent = names.length > 1 ? "" : (this.runs[0].description ?? "");
    byId("runs").replaceChildren(...this.runs.map((run) => this.chip(run)));
  }

  /** A run's name, state and progress; pressed, it hides the run. */
  chip(run) {
    const share = Math.min(1, run.images / Math.max(1, run.of));
    const fill = make("i");
    fill.style.width = `${(100 * share).toFixed(1)}%`;
    const facts = [`${count(run.images)} of ${count(run.of)} images`];
    const pace = run.events.findLast((event) => event.event === "pace")?.pace;
    if (run.state === "running" && pace) {
      facts.push(`${count(pace)} images/s`, `${duration((run.of - run.images) / pace)} left`);
    }
    const several = this.runs.length > 1;
    const chip = make(
      several ? "button" : "div",
      { className: `chip ${run.state}` },
      make("span", { className: "name", textContent: several ? run.name : "" }),
      make("span", { className: "state", textContent: run.state }),
      make("span", { className: "progress" }, fill),
      make("span", { className: "quiet", textContent: facts.join(" · ") }),
    );
    if (!several) return chip;
    chip.style.setProperty("--own", run.colour);
    chip.type = "button";
    chip.setAttribute("aria-pressed", String(run.shown));
    chip.addEventListener("click", () => {
      run.shown = !run.shown;
      this.show();
    });
    return chip;
  }

  /** Space plays, where no control has the focus. */
  key(event) {
    const control = event.target.closest?.("input, button, select, summary, a");
    if (control || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === " ") this.player.toggle();
    else if (event.key === "ArrowLeft") this.player.step(-1);
    else if (event.key === "ArrowRight") this.player.step(1);
    else return;
    event.preventDefault();
  }

  /** Ask the server for what is new, again and again. */
  async listen() {
    let wait = LATER;
    try {
      const have = this.runs.map((run) => run.have).join(",");
      const answer = await fetch(`runs.json?have=${have}`);
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.problem);
      notice("");
      this.hear(told);
      if (this.runs.some((run) => run.state === "running")) wait = SOON;
    } catch (error) {
      const gone = error instanceof TypeError;
      notice(
        gone
          ? "The server has stopped; the page shows what it told last. `ganzoo watch` starts it again."
          : `The run cannot be read: ${error.message}`,
      );
    }
    setTimeout(() => this.listen(), document.hidden ? HIDDEN : wait);
  }
}

const page = new Page();
const kept = keptData();
if (kept) page.hear(kept);
else page.listen();
