// What a model is told in numbers: the hair of a portrait, its glasses, its age. Each sample has
// one of the model's own conditions, in turn, with what a visitor wishes in its place.

import { make, slider } from "./elements.js";
import { rowsOf } from "./packed.js";

/** Between a thing's name and one of its values, as in `hair=long03`. */
const OF = "=";

/** The things that names tell of: {name, values} with a place for each value, or {name, at}. */
export function thingsOf(names) {
  const things = new Map();
  names.forEach((full, at) => {
    const cut = full.indexOf(OF);
    const name = cut < 0 ? full : full.slice(0, cut);
    if (cut < 0) things.set(name, { name, at });
    else if (things.has(name)) things.get(name).values.set(full.slice(cut + 1), at);
    else things.set(name, { name, values: new Map([[full.slice(cut + 1), at]]) });
  });
  return [...things.values()];
}

/** A thing's name for people: `hairColor` is hair color. */
function titled(name) {
  return name.replace(/([a-z])([A-Z])/g, (_, end, start) => `${end} ${start.toLowerCase()}`);
}

/** A condition in which the things wished for are as wished, as ganzoo's named conditions are. */
export function withWishes(condition, things, wishes) {
  const made = Float32Array.from(condition);
  for (const { name, values, at } of things) {
    if (!(name in wishes)) continue;
    if (values) for (const [value, place] of values) made[place] = value === wishes[name] ? 1 : 0;
    else made[at] = Number(wishes[name]);
  }
  return made;
}

export class Told {
  /** `wishes` are values by thing, and `changed(wishes)` is told of others. */
  constructor({ own, shape, names }, wishes, changed) {
    this.things = thingsOf(names);
    this.wishes = Object.fromEntries(
      this.things.filter(({ name, values }) => fits(wishes[name], values)).map(({ name }) => [name, wishes[name]]),
    );
    this.changed = changed;
    this.ready = rowsOf(own, shape).then((rows) => { this.own = rows; });
  }

  /** The condition of a sample by its number. */
  condition(index) {
    return withWishes(this.own[index % this.own.length], this.things, this.wishes);
  }

  get title() {
    return Object.entries(this.wishes).map(([name, value]) => `${titled(name)} ${value}`).join(", ");
  }

  build(place) {
    place.replaceChildren(...this.things.map((thing) =>
      (thing.values ? this.choice(thing) : this.number(thing))));
    place.hidden = !this.things.length;
  }

  choice({ name, values }) {
    const id = `is-${name}`;
    const options = [...values.keys()].map((value) => make("option", { value, textContent: value }));
    const select = make("select", { id }, make("option", { value: "", textContent: "as drawn" }), ...options);
    const colour = () => {
      const shown = /^#[0-9a-f]{6}$/i.test(select.value) ? select.value : "transparent";
      select.style.boxShadow = `inset 0.5rem 0 ${shown}`; // a value that is a colour shows itself
    };
    select.value = this.wishes[name] ?? "";
    colour();
    select.addEventListener("change", () => {
      colour();
      this.wish(name, select.value);
    });
    return make("div", { className: "choice" }, make("label", { htmlFor: id, textContent: titled(name) }), select);
  }

  number({ name, at }) {
    const values = this.own.map((row) => row[at]);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const start = Number(this.wishes[name] ?? this.own[0][at]);
    return slider({
      id: `is-${name}`, title: titled(name), least, most, step: (most - least) / 100 || 1, value: start,
      shown: (value) => String(Number(value.toPrecision(3))),
      changed: (value) => this.wish(name, String(value)),
    });
  }

  wish(name, value) {
    if (value) this.wishes[name] = value;
    else delete this.wishes[name];
    this.changed(this.wishes);
  }
}

function fits(wish, values) {
  if (wish === undefined) return false;
  return values ? values.has(wish) : Number.isFinite(Number(wish));
}
