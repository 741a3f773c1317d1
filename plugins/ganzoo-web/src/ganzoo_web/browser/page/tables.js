// What a page says in words: events, figures, recipes.

import { byId, make } from "./elements.js";
import { count, duration, setting, trimmed } from "./format.js";

const SAID = {
  started: "The training began.",
  resumed: "It resumed.",
  "rolled back": "It went back to its last healthy checkpoint, to go on with other draws.",
  finished: "All images were seen; the model is in the run's export folder.",
  interrupted: "It was stopped, and saved.",
};

function cells(tag, texts) {
  return texts.map((text, place) => {
    const cell = make(place ? tag : "th", { textContent: text });
    if (!place || tag === "th") cell.setAttribute("scope", tag === "th" ? "col" : "row");
    return cell;
  });
}

/** A table of text. */
export function table(header, rows) {
  const head = header ? [make("thead", {}, make("tr", {}, ...cells("th", header)))] : [];
  const body = rows.map((row) => make("tr", {}, ...cells("td", row)));
  return make("table", {}, ...head, make("tbody", {}, ...body));
}

/** Health messages and the run's comings and goings, the newest first. */
export function showEvents(runs) {
  const told = runs
    .filter((run) => run.shown)
    .flatMap((run) => run.events.map((event) => ({ run, ...event })))
    .filter(({ event }) => event !== "pace")
    .sort((a, b) => b.time - a.time);
  byId("events").replaceChildren(
    ...told.map(({ run, event, text, time, images }) => {
      const what = event === "failed" ? `It failed: ${text}` : (SAID[event] ?? text ?? event);
      const where = runs.length > 1 ? `${run.name} · ` : "";
      const bad = event === "ill" || event === "failed";
      return make(
        "li",
        { className: bad ? "bad" : "" },
        make("span", {
          className: "quiet",
          textContent: `${where}${count(images)} images · ${new Date(1000 * time).toLocaleString()}`,
        }),
        make("p", { textContent: what }),
      );
    }),
  );
  byId("events-section").hidden = !told.length;
}

/** Seconds that a run trained, over all its sittings. */
function trained(run) {
  let [seconds, from] = [0, null];
  for (const { event, time } of run.events) {
    if (event === "started" || event === "resumed") from = time;
    if (from === null) continue;
    seconds += Math.max(0, time - from);
    from = time;
  }
  return seconds;
}

/** The newest figures, a column for each run. */
export function showFigures(runs) {
  const names = [...new Set(runs.flatMap((run) => run.rows.flatMap(Object.keys)))];
  const figures = names.filter((name) => name !== "images").sort();
  const facts = [
    ["state", ...runs.map((run) => run.state)],
    ["images", ...runs.map((run) => `${count(run.images)} of ${count(run.of)}`)],
    ["seed", ...runs.map((run) => String(run.seed))],
    ["trained for", ...runs.map((run) => (run.events.length ? duration(trained(run)) : "–"))],
  ];
  const newest = (run, name) => run.rows.findLast((row) => name in row)?.[name];
  const rows = figures.map((name) => [name, ...runs.map((run) => trimmed(newest(run, name)))]);
  const header = runs.length > 1 ? ["", ...runs.map((run) => run.name)] : null;
  byId("figures").replaceChildren(table(header, [...facts, ...rows]));
}

/** The recipe, and where several runs' recipes differ. */
export function showRecipe(runs, differences) {
  const several = runs.length > 1;
  byId("differences-section").hidden = !several;
  if (several) {
    const rows = Object.entries(differences).map(([key, values]) => [key, ...values.map(setting)]);
    const none = make("p", { className: "quiet", textContent: "Only the seed, if anything." });
    const header = ["", ...runs.map((run) => run.name)];
    byId("differences").replaceChildren(rows.length ? table(header, rows) : none);
  }
  byId("recipe").replaceChildren(
    ...runs.map((run) => {
      const rows = Object.entries(run.settings ?? {}).map(([key, value]) => [key, setting(value)]);
      const whole = make("div", { className: "scroll", tabIndex: 0 }, table(null, rows));
      whole.setAttribute("role", "region");
      whole.setAttribute("aria-label", `Recipe of ${run.name}`);
      const title = several ? `All settings of ${run.name}` : `All ${rows.length} settings`;
      return make("details", {}, make("summary", { textContent: title }), whole);
    }),
  );
}
