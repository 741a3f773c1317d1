// One chart of lines over images seen: hover for values, drag to zoom, a log scale.

import { make } from "./elements.js";
import { count, short, trimmed } from "./format.js";

const SPACE = "http://www.w3.org/2000/svg";
const HEIGHT = 190;
const EDGE = { left: 48, right: 10, top: 8, bottom: 22 };
/** Pixels below which a drag is a click. */
const CLICK = 5;
/** The size of a chart's text, and what a letter takes. */
const LETTER = 6.2;

function svg(tag, attributes, text) {
  const element = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Round values that divide a range into about `parts`. */
export function ticks(low, high, parts) {
  const raw = (high - low) / parts || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const each = power * [1, 2, 2.5, 5, 10].find((step) => step * power >= raw * 0.999);
  const made = [];
  for (let i = Math.ceil(low / each - 1e-9); i * each <= high + each * 1e-9; i += 1) {
    made.push(Number((i * each).toPrecision(12)));
  }
  return made;
}

/** Round values between two powers of ten: 10, 100, ... or, of a narrow range, 20, 50, ... */
function powers(low, high) {
  const marks = (digits) => {
    const made = [];
    for (let power = Math.floor(low - 1e-9); power <= high + 1e-9; power += 1) {
      made.push(...digits.map((digit) => Number((digit * 10 ** power).toPrecision(6))));
    }
    return made.filter((mark) => Math.log10(mark) >= low - 1e-9 && Math.log10(mark) <= high + 1e-9);
  };
  const made = [[1], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9]].map(marks).find((all) => all.length > 1);
  return made ?? [10 ** low, 10 ** high];
}

/** The first place in sorted points whose x is not below. */
function place(points, x) {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle][0] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A chart. `zoomed(range)` and `sought(images)` tell what a person did. */
export class Chart {
  constructor({ title, help, log = false, range, mark, zoomed, sought }) {
    Object.assign(this, { title, range, mark, zoomed, sought, log });
    this.lines = [];
    this.end = 1;
    this.view = null;
    this.at = null;
    this.drawing = svg("svg", { role: "img", height: HEIGHT });
    this.drawing.setAttribute("aria-label", `${title} over images seen`);
    this.tip = make("div", { className: "tip", hidden: true });
    this.names = make("div", { className: "names" });
    this.tick = make("input", { type: "checkbox", checked: log });
    this.tick.addEventListener("change", () => {
      this.log = this.tick.checked;
      this.draw();
    });
    this.element = make(
      "figure",
      { className: "chart" },
      make(
        "figcaption",
        {},
        make("h3", { textContent: title }),
        make("label", { className: "log" }, this.tick, " log"),
        make("p", { className: "quiet", textContent: help }),
        this.names,
      ),
      make("div", { className: "canvas" }, this.drawing, this.tip),
    );
    this.drawing.addEventListener("pointermove", (event) => this.hover(event));
    this.drawing.addEventListener("pointerleave", () => this.leave());
    this.drawing.addEventListener("pointerdown", (event) => this.press(event));
    this.drawing.addEventListener("pointerup", (event) => this.release(event));
    this.drawing.addEventListener("pointercancel", () => this.leave());
    this.drawing.addEventListener("dblclick", () => this.zoomed(null));
    new ResizeObserver(() => this.draw()).observe(this.drawing.parentElement);
  }

  /** Show these lines up to `end`: name, colour, dash and points [images, value or null]. */
  setLines(lines, end) {
    this.lines = lines;
    this.end = Math.max(1, end);
    this.names.replaceChildren(
      ...lines
        .filter((line) => line.legend)
        .map((line) => {
          const sample = svg("svg", { width: 22, height: 8, "aria-hidden": "true" });
          const stroke = svg("line", { x1: 0, x2: 22, y1: 4, y2: 4, "stroke-width": 2.5 });
          stroke.setAttribute("stroke", line.legendColour ?? line.colour);
          stroke.setAttribute("stroke-dasharray", line.dash);
          sample.append(stroke);
          return make("span", {}, sample, line.legend);
        }),
    );
    this.draw();
  }

  setView(view) {
    this.view = view;
    this.draw();
  }

  /** Mark a place of the history. */
  setAt(images) {
    this.at = images;
    this.drawAt();
  }

  x(images) {
    const [low, high] = this.reach;
    return EDGE.left + ((images - low) / (high - low || 1)) * this.inner;
  }

  imagesAt(x) {
    const [low, high] = this.reach;
    return low + ((x - EDGE.left) / this.inner) * (high - low);
  }

  y(value) {
    const number = this.log ? Math.log10(value) : value;
    const [low, high] = this.scale;
    return HEIGHT - EDGE.bottom - ((number - low) / (high - low)) * (HEIGHT - EDGE.top - EDGE.bottom);
  }

  shows(value) {
    return Number.isFinite(value) && (!this.log || value > 0);
  }

  draw() {
    const width = Math.round(this.drawing.parentElement.clientWidth);
    if (!width) return;
    this.width = width;
    this.inner = width - EDGE.left - EDGE.right;
    this.drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.drawing.setAttribute("width", width);
    this.measure();
    this.drawing.replaceChildren(...this.axes(), ...this.paths());
    this.cross = svg("g", {});
    this.here = svg("line", { class: "here", y1: EDGE.top, y2: HEIGHT - EDGE.bottom });
    this.band = svg("rect", { class: "band", y: EDGE.top, height: HEIGHT - EDGE.top - EDGE.bottom });
    this.drawing.append(this.here, this.band, this.cross);
    this.drawAt();
  }

  /** Find the ranges that are shown: images, and values with some room. */
  measure() {
    this.reach = this.view ?? [0, this.end];
    let [low, high] = [Infinity, -Infinity];
    for (const { points } of this.lines) {
      const last = Math.min(points.length, place(points, this.reach[1]) + 1);
      for (let i = Math.max(0, place(points, this.reach[0]) - 1); i < last; i += 1) {
        const value = points[i][1];
        if (!this.shows(value)) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    if (low > high) [low, high] = this.log ? [0.1, 1] : [0, 1];
    if (this.log) [low, high] = [Math.log10(low), Math.log10(high)];
    else if (this.range) [low, high] = [Math.min(low, this.range[0]), Math.max(high, this.range[1])];
    const room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
    const fixed = this.range && !this.log;
    this.scale = [fixed && low === this.range[0] ? low : low - room, high + room];
  }

  axes() {
    const bottom = HEIGHT - EDGE.bottom;
    const made = [];
    const values = this.log ? powers(...this.scale) : ticks(...this.scale, 4);
    for (const value of values) {
      const y = this.y(value);
      if (y < EDGE.top - 1 || y > bottom + 1) continue;
      made.push(svg("line", { class: "grid", x1: EDGE.left, x2: this.width - EDGE.right, y1: y, y2: y }));
      made.push(svg("text", { x: EDGE.left - 6, y: y + 3.5, "text-anchor": "end" }, short(value)));
    }
    if (this.mark !== undefined && this.shows(this.mark)) {
      const y = this.y(this.mark);
      const ends = { x1: EDGE.left, x2: this.width - EDGE.right, y1: y, y2: y };
      if (y > EDGE.top && y < bottom) made.push(svg("line", { class: "mark", ...ends }));
    }
    for (const images of ticks(...this.reach, Math.max(2, this.inner / 90))) {
      const x = this.x(images);
      const half = (short(images).length * LETTER) / 2;
      const anchor = x + half > this.width ? "end" : x - half < 0 ? "start" : "middle";
      made.push(svg("text", { x, y: HEIGHT - 6, "text-anchor": anchor }, short(images)));
    }
    return made;
  }

  paths() {
    return this.lines.map((line) =>
      svg("path", {
        class: "line",
        d: this.pathOf(line.points),
        stroke: line.colour,
        "stroke-dasharray": line.dash,
        "data-name": line.name,
      }),
    );
  }

  /** A line's path; of more points than pixels, the least and the greatest in each pixel. */
  pathOf(points) {
    const first = Math.max(0, place(points, this.reach[0]) - 1);
    const shown = points.slice(first, place(points, this.reach[1]) + 1);
    const dense = shown.length > 2 * this.inner;
    const kept = dense ? this.thinned(shown) : shown;
    const pieces = [[]];
    for (const [images, value] of kept) {
      if (!this.shows(value)) {
        pieces.push([]);
        continue;
      }
      const x = Math.max(EDGE.left - 2000, Math.min(this.width + 2000, this.x(images)));
      pieces.at(-1).push(`${x.toFixed(1)} ${this.y(value).toFixed(1)}`);
    }
    const drawn = pieces.filter((places) => places.length);
    return drawn.map((places) => `M${places.join("L")}${places.length > 1 ? "" : "h0"}`).join("");
  }

  thinned(points) {
    const kept = [];
    let column = null;
    let cell = [];
    const close = () => {
      const values = cell.filter(([, value]) => this.shows(value)).sort((a, b) => a[1] - b[1]);
      const ends = values.length ? [values[0], values.at(-1)] : cell.slice(0, 1);
      kept.push(...ends.sort((a, b) => a[0] - b[0]));
    };
    for (const point of points) {
      const x = Math.round(this.x(point[0]));
      if (x !== column && cell.length) {
        close();
        cell = [];
      }
      column = x;
      cell.push(point);
    }
    if (cell.length) close();
    return kept;
  }

  drawAt() {
    if (!this.here) return;
    const x = this.at === null ? -1 : this.x(this.at);
    const seen = x >= EDGE.left && x <= this.width - EDGE.right;
    this.here.setAttribute("visibility", seen ? "visible" : "hidden");
    this.here.setAttribute("x1", x);
    this.here.setAttribute("x2", x);
  }

  pointer(event) {
    const box = this.drawing.getBoundingClientRect();
    return Math.max(EDGE.left, Math.min(this.width - EDGE.right, event.clientX - box.left));
  }

  press(event) {
    this.pressed = this.pointer(event);
    if (event.pointerType === "mouse") this.drawing.setPointerCapture(event.pointerId);
  }

  release(event) {
    if (this.pressed === undefined) return;
    const [from, to] = [this.pressed, this.pointer(event)].sort((a, b) => a - b);
    this.pressed = undefined;
    this.band.setAttribute("width", 0);
    if (to - from < CLICK) this.sought(this.imagesAt(from));
    else this.zoomed([this.imagesAt(from), this.imagesAt(to)]);
  }

  leave() {
    this.pressed = undefined;
    this.tip.hidden = true;
    if (!this.cross) return;
    this.cross.replaceChildren();
    this.band.setAttribute("width", 0);
  }

  hover(event) {
    if (!this.cross) return;
    const x = this.pointer(event);
    if (this.pressed !== undefined) {
      this.band.setAttribute("x", Math.min(x, this.pressed));
      this.band.setAttribute("width", Math.abs(x - this.pressed));
    }
    const near = this.nearest(this.imagesAt(x));
    this.cross.replaceChildren();
    this.tip.hidden = !near.length;
    if (!near.length) return;
    const images = near[0].point[0];
    const cx = this.x(images);
    this.cross.append(svg("line", { class: "cross", x1: cx, x2: cx, y1: EDGE.top, y2: HEIGHT - EDGE.bottom }));
    for (const { line, point } of near) {
      if (!this.shows(point[1])) continue;
      const dot = { cx: this.x(point[0]), cy: this.y(point[1]), r: 3.5, fill: line.colour };
      this.cross.append(svg("circle", dot));
    }
    const rows = near.map(({ line, point }) => {
      const swatch = make("i");
      swatch.style.background = line.colour;
      return make("div", {}, swatch, make("span", { textContent: line.name }), make("b", { textContent: trimmed(point[1]) }));
    });
    this.tip.replaceChildren(make("em", { textContent: `${count(images)} images` }), ...rows);
    const wide = this.tip.offsetWidth;
    const left = cx + 14 + wide > this.width ? cx - 14 - wide : cx + 14;
    this.tip.style.left = `${Math.max(0, left)}px`;
  }

  /** Each line's point that is nearest to these images. */
  nearest(images) {
    const found = [];
    for (const line of this.lines) {
      const { points } = line;
      if (!points.length) continue;
      const right = Math.min(points.length - 1, place(points, images));
      const left = Math.max(0, right - 1);
      const nearer = Math.abs(points[left][0] - images) < Math.abs(points[right][0] - images);
      found.push({ line, point: points[nearer ? left : right] });
    }
    found.sort((a, b) => Math.abs(a.point[0] - images) - Math.abs(b.point[0] - images));
    return found;
  }
}
