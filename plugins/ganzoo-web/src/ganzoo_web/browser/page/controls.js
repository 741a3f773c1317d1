// The controls of a page: seed and class, and sliders that steer.

import { byId, make, slider } from "./elements.js";

/** Standard deviations that a direction's slider reaches on both sides. */
const REACH = 4;

/** Fill in the seed and the classes; `page` has `state`, `setSeed`, `another` and `change`. */
export function buildSample(page) {
  const { latents } = page.about;
  const seed = byId("seed");
  seed.value = page.state.seed;
  if (latents.seeds) seed.max = latents.seeds - 1;
  seed.addEventListener("input", () => page.setSeed(seed.value));
  byId("another").addEventListener("click", () => page.another());
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("sampling").hidden = !latents.width && !latents.classes && page.about.conditions?.form !== "numbers";
  if (latents.classes) buildClasses(page, latents.classes);
}

function buildClasses(page, { count }) {
  const options = Array.from({ length: count }, (_, number) =>
    make("option", { value: String(number), textContent: page.className(number) }));
  const select = byId("class");
  select.replaceChildren(make("option", { value: "", textContent: "as drawn" }), ...options);
  select.value = page.state.label ?? "";
  select.addEventListener("change", () => {
    page.change({ label: select.value === "" ? null : Number(select.value) });
  });
  byId("class-row").hidden = false;
}

function sigmas(value) {
  return `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(2)} σ`;
}

/** Build the sliders; returns each with a function of the state that gives its number. */
export function buildSteering(page) {
  const { state } = page;
  const rows = [];
  if (page.model.truncates) {
    rows.push([slider({
      id: "truncation", title: "truncation", least: 0, most: 1.5, step: 0.01,
      value: state.truncation, shown: (value) => value.toFixed(2),
      changed: (truncation) => page.change({ truncation }),
    }), () => state.truncation]);
  }
  for (const { name, title } of page.about.directions) {
    rows.push([slider({
      id: `by-${name}`, title, least: -REACH, most: REACH, step: 0.05,
      value: state.amounts[name] ?? 0, shown: sigmas,
      changed: (value) => page.change({ amounts: { ...state.amounts, [name]: value } }),
    }), () => state.amounts[name] ?? 0]);
  }
  byId("sliders").replaceChildren(...rows.map(([row]) => row));
  byId("steering").hidden = !rows.length;
  byId("reset").addEventListener("click", () => page.reset());
  return rows;
}

/** Build the slider between two samples, which dragging across the big one moves too. */
export function buildBlend(page) {
  const row = slider({
    id: "blend", title: "Blend with another", least: 0, most: 1, step: 0.01,
    value: page.state.share, shown: (value) => `${Math.round(100 * value)} %`,
    changed: (share) => page.change({ share }),
  });
  byId("blend-row").prepend(row);
  byId("blend-row").hidden = false;
  const stage = byId("picture").parentElement;
  stage.classList.add("drags");
  stage.addEventListener("pointermove", (event) => {
    if (!event.buttons) return;
    const { left, width } = stage.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - left) / width));
    page.change({ share: Math.round(100 * share) / 100 });
    row.set(page.state.share);
  });
  return [row, () => page.state.share];
}

/** A button for each thing that can be saved. */
export function buildSaves(saves, stem, samples) {
  byId("saves").replaceChildren(...saves.map(({ id, title, run }) => {
    const button = make("button", { id, type: "button", textContent: title });
    button.addEventListener("click", () => run(stem(), samples()));
    return button;
  }));
}
