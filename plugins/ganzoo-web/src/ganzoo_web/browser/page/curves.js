// Which charts a page shows, and the lines in them.

import { Chart } from "./chart.js";
import { byId } from "./elements.js";
import { count } from "./format.js";

const DASHES = ["", "6 4", "2 3", "8 3 2 3", "1 4", "10 5"];
const OWN = {
  "accuracy.real": "var(--real)",
  "accuracy.fake": "var(--fake)",
  "discriminator.real": "var(--real)",
  "discriminator.fake": "var(--fake)",
  real_scores: "var(--real)",
  fake_scores: "var(--fake)",
  generator: "var(--mesh)",
};

/** The charts, in their order: which figures, and what they mean to somebody new. */
const CHARTS = [
  {
    title: "Distance of samples from real ones (FD)",
    help: "Lower is better. This says how good samples are; losses do not.",
    holds: (name) => name.startsWith("fd."),
    log: true,
    named: true,
  },
  {
    title: "Discriminator's losses",
    help: "What it minimises. Falling means that it tells real from generated better.",
    holds: (name) => name === "discriminator" || name.startsWith("discriminator."),
  },
  {
    title: "Generator's losses",
    help: "What it minimises. Neither player's loss says how good samples are.",
    holds: (name) => name === "generator" || name.startsWith("generator."),
  },
  {
    title: "How often the discriminator is right",
    help: "On real and on generated samples. 50% is guessing: then it can't tell.",
    holds: (name) => name.startsWith("accuracy."),
    range: [0, 1],
    mark: 0.5,
  },
  {
    title: "Diversity of samples",
    help: "Their distances from each other over those of the data. Towards 0 means collapse.",
    holds: (name) => name === "diversity",
    range: [0, 1],
    mark: 1,
  },
  { title: "Pace", help: "Images per second.", holds: (name) => name === "pace", range: [0, 0] },
  {
    title: "Scores",
    help: "What the discriminator gives real and generated samples, on the average.",
    holds: (name) => name === "real_scores" || name === "fake_scores",
    more: true,
  },
  {
    title: "Generator's gradient",
    help: "Its length. When it vanishes, the generator learns nothing.",
    holds: (name) => name === "gradient",
    log: true,
    more: true,
  },
];
const KNOWN = new Set(["images", "step"]);
/** The names of figures of samples that were measured on the way: `fd.cnn-mnist.n1000`. */
const MEASURED = /^(.+)\.n(\d+)$/;

/** The chart of a figure that none of CHARTS holds. */
function ownChart(name) {
  const [, figure, n] = name.match(MEASURED) ?? [];
  if (!figure) return { title: name, help: "", more: true };
  return { title: figure, help: `Measured on ${count(Number(n))} samples.` };
}

function words(name) {
  const [, features, n] = name.match(MEASURED) ?? [];
  if (features?.startsWith("fd.")) return `${features.slice(3)}, ${count(Number(n))} samples`;
  const [player, ...rest] = name.split(".");
  return rest.length && CHARTS.some(({ holds }) => holds(name)) ? rest.join(".") : name || player;
}

/** A figure over images, in the rows that have it; null where it was no number. */
function pointsOf(run, name) {
  if (name !== "pace") {
    return run.rows.filter((row) => name in row).map((row) => [row.images, row[name]]);
  }
  const points = [];
  for (const event of run.events) {
    if (event.event === "pace") {
      while (points.length && points.at(-1)[0] >= event.images) points.pop();
      points.push([event.images, event.pace]);
    }
  }
  return points;
}

/** All charts of a page. */
export class Curves {
  constructor(player) {
    this.player = player;
    this.charts = new Map();
    this.view = null;
    byId("curves-section").querySelector("h2").append(this.resetButton());
    player.listeners.push(() => this.mark());
  }

  resetButton() {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "reset", hidden: true });
    button.textContent = "Whole run";
    button.addEventListener("click", () => this.zoom(null));
    this.reset = button;
    return button;
  }

  zoom(view) {
    this.view = view;
    this.reset.hidden = view === null;
    for (const chart of this.charts.values()) chart.setView(view);
  }

  mark() {
    const images = this.player.stops.length > 1 ? this.player.images : null;
    for (const chart of this.charts.values()) chart.setAt(images);
  }

  /** Show the runs that are not hidden. */
  show(runs) {
    const names = new Set(runs.flatMap((run) => run.rows.flatMap((row) => Object.keys(row))));
    if (runs.some((run) => run.events.some((event) => event.event === "pace"))) names.add("pace");
    for (const known of KNOWN) names.delete(known);
    const left = new Set(names);
    const end = Math.max(...runs.filter((run) => run.shown).map((run) => run.images), 1);
    for (const kind of CHARTS) {
      const held = [...names].filter(kind.holds).sort();
      for (const name of held) left.delete(name);
      if (held.length) this.chart(kind).setLines(this.lines(runs, held, kind.named), end);
    }
    for (const name of [...left].sort()) {
      this.chart(ownChart(name), name).setLines(this.lines(runs, [name]), end);
    }
    byId("curves-help").textContent = names.size
      ? "Drag across a curve to zoom, click to go there."
      : "No figures yet: the first row comes when the training logs one.";
    byId("more").hidden = ![...this.charts.values()].some((chart) => chart.more);
    this.mark();
  }

  /** A kind's chart, made where it is new. */
  chart({ title, help, range, mark, log, more = false }, name = title) {
    if (!this.charts.has(name)) {
      const zoomed = (view) => this.zoom(view);
      const sought = (images) => this.player.goToImages(images);
      const chart = new Chart({ title, help, range, mark, log, zoomed, sought });
      chart.more = more;
      chart.view = this.view;
      this.charts.set(name, chart);
      byId(more ? "more-curves" : "curves").insertBefore(chart.element, this.after(name, more));
    }
    return this.charts.get(name);
  }

  /** The element before which a new chart goes: a run's first FD comes later than its losses. */
  after(name, more) {
    const titles = CHARTS.map(({ title }) => title);
    const place = titles.indexOf(name);
    const later = place < 0 ? [] : titles.slice(place + 1);
    const next = later.map((title) => this.charts.get(title)).find((chart) => chart?.more === more);
    return next?.element ?? null;
  }

  lines(runs, names, named = names.length > 1) {
    const several = runs.length > 1;
    return names.flatMap((name, place) =>
      runs
        .filter((run) => run.shown)
        .map((run, number) => ({
          name: several ? `${run.name}${names.length > 1 ? ` · ${words(name)}` : ""}` : words(name),
          legend: number === 0 && named ? words(name) : "",
          legendColour: several ? "var(--quiet)" : undefined,
          colour: several ? run.colour : (OWN[name] ?? `var(--run-${place % 8})`),
          dash: several ? DASHES[place % DASHES.length] : "",
          points: pointsOf(run, name),
        })),
    );
  }
}
