// A game in the plane from above: points, what the discriminator believes, pushes, the mesh.

import { make } from "./elements.js";
import { count } from "./format.js";

/** How long an arrow is at most, and the usual one, in sides of the picture. */
const LONGEST = 0.08;
const USUAL = 0.04;
/** Points are near each other within this share of the picture's side. */
const NEAR = 0.04;
/** Values above which a share of a scene lies, by which runs are scaled. */
const HIGH = 0.9;

export const LAYERS = [
  ["real", "real points"],
  ["fake", "generated points"],
  ["heat", "what the discriminator believes"],
  ["push", "where it pushes each"],
  ["mesh", "how the generator folds its latents"],
];

function rgb(element, name) {
  const text = getComputedStyle(element).getPropertyValue(name).trim();
  return [1, 3, 5].map((place) => parseInt(text.slice(place, place + 2), 16));
}

function high(values) {
  const sorted = Float32Array.from(values).filter(Number.isFinite).sort();
  return sorted.length ? sorted[Math.floor(HIGH * (sorted.length - 1))] : 0;
}

function median(values) {
  const sorted = [...values].filter((value) => value > 0).sort((a, b) => a - b);
  return sorted.length ? sorted[Math.floor(sorted.length / 2)] : 1;
}

/** What is strong in a run: a score's distance from the middle, a push's length. */
export function scalesOf(scenes) {
  const spreads = [];
  const pushes = [];
  for (const scene of scenes) {
    scene.spread ??= scene.heat ? high(scene.heat.map((s) => Math.abs(s - scene.middle))) : 0;
    scene.force ??= scene.push ? high(lengths(scene.push)) : 0;
    spreads.push(scene.spread);
    pushes.push(scene.force);
  }
  return { spread: median(spreads), push: median(pushes) };
}

function lengths(pairs) {
  return Float32Array.from({ length: pairs.length / 2 }, (_, i) =>
    Math.hypot(pairs[2 * i], pairs[2 * i + 1]),
  );
}

/** A scene between two others. */
export function between(one, other, share) {
  if (!other || share === 0) return one;
  const mixed = { region: one.region };
  const mix = (a, b) => a + (b - a) * share;
  for (const [name, value] of Object.entries(one)) {
    const next = other[name];
    if (typeof value === "number") mixed[name] = mix(value, next);
    else if (value instanceof Float32Array) {
      mixed[name] =
        next?.length === value.length ? value.map((number, i) => mix(number, next[i])) : value;
    }
  }
  return mixed;
}

/** Draws a scene on a canvas. */
export class Plane {
  constructor(canvas) {
    this.canvas = canvas;
    this.map = make("canvas");
  }

  draw(scene, scales, layers) {
    const { canvas } = this;
    const density = Math.min(3, window.devicePixelRatio || 1);
    const side = Math.round(canvas.clientWidth * density);
    if (!side) return;
    if (canvas.width !== side) canvas.width = canvas.height = side;
    this.context = canvas.getContext("2d");
    this.side = side;
    this.unit = density;
    [[this.left, this.bottom], [this.right, this.top]] = scene.region;
    this.context.clearRect(0, 0, side, side);
    if (layers.heat && scene.heat) {
      this.heat(scene, scales);
      this.border(scene);
    }
    if (layers.mesh && scene.mesh) this.mesh(scene.mesh);
    if (layers.push && scene.push) this.pushes(scene, scales);
    if (layers.real) this.dots(scene.real, "--real", 3);
    if (layers.fake) this.dots(scene.fake, "--fake", 2.4);
  }

  x(value) {
    return ((value - this.left) / (this.right - this.left)) * this.side;
  }

  y(value) {
    return this.side - ((value - this.bottom) / (this.top - this.bottom)) * this.side;
  }

  /** Colours by how far scores lie above or below the middle; they fade where it can't tell. */
  heat({ heat, middle }, { spread }) {
    const cells = Math.round(Math.sqrt(heat.length));
    const real = rgb(this.canvas, "--real");
    const fake = rgb(this.canvas, "--fake");
    if (this.map.width !== cells) this.map.width = this.map.height = cells;
    const context = this.map.getContext("2d");
    const pixels = context.createImageData(cells, cells);
    for (let row = 0; row < cells; row += 1) {
      for (let column = 0; column < cells; column += 1) {
        const belief = Math.tanh((1.2 * (heat[row * cells + column] - middle)) / spread);
        const place = 4 * ((cells - 1 - row) * cells + column);
        pixels.data.set(belief > 0 ? real : fake, place);
        pixels.data[place + 3] = Math.round(150 * Math.abs(belief));
      }
    }
    context.putImageData(pixels, 0, 0);
    this.context.imageSmoothingEnabled = true;
    this.context.imageSmoothingQuality = "high";
    this.context.drawImage(this.map, 0, 0, this.side, this.side);
  }

  /** The line on which the discriminator can't tell: marching squares over the map's cells. */
  border({ heat, middle }) {
    const cells = Math.round(Math.sqrt(heat.length));
    const { context, side } = this;
    const each = side / cells;
    const value = (column, row) => heat[row * cells + column] - middle;
    context.beginPath();
    for (let row = 0; row + 1 < cells; row += 1) {
      for (let column = 0; column + 1 < cells; column += 1) {
        const corners = [
          [column, row],
          [column + 1, row],
          [column + 1, row + 1],
          [column, row + 1],
        ];
        const crossings = [];
        for (let i = 0; i < 4; i += 1) {
          const [a, b] = [corners[i], corners[(i + 1) % 4]];
          const [from, to] = [value(...a), value(...b)];
          if (from > 0 === to > 0) continue;
          const share = from / (from - to);
          crossings.push([a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share]);
        }
        for (let i = 0; i + 1 < crossings.length; i += 2) {
          const [a, b] = [crossings[i], crossings[i + 1]];
          context.moveTo((a[0] + 0.5) * each, side - (a[1] + 0.5) * each);
          context.lineTo((b[0] + 0.5) * each, side - (b[1] + 0.5) * each);
        }
      }
    }
    context.setLineDash([5 * this.unit, 4 * this.unit]);
    context.lineWidth = 1.2 * this.unit;
    context.strokeStyle = getComputedStyle(this.canvas).getPropertyValue("--quiet");
    context.stroke();
    context.setLineDash([]);
  }

  mesh(mesh) {
    const lines = Math.round(Math.sqrt(mesh.length / 2));
    const { context } = this;
    const place = (row, column) => {
      const at = 2 * (row * lines + column);
      return [this.x(mesh[at]), this.y(mesh[at + 1])];
    };
    context.lineWidth = 0.9 * this.unit;
    context.strokeStyle = `rgba(${rgb(this.canvas, "--mesh").join(" ")} / 0.75)`;
    context.beginPath();
    for (let i = 0; i < lines; i += 1) {
      for (let k = 0; k < lines; k += 1) {
        if (k === 0) context.moveTo(...place(i, k));
        else context.lineTo(...place(i, k));
      }
      for (let k = 0; k < lines; k += 1) {
        if (k === 0) context.moveTo(...place(k, i));
        else context.lineTo(...place(k, i));
      }
    }
    context.stroke();
  }

  pushes({ fake, push }, scales) {
    const { context, side } = this;
    context.lineWidth = this.unit;
    context.strokeStyle = getComputedStyle(this.canvas).getPropertyValue("--push");
    context.beginPath();
    for (let i = 0; i < push.length; i += 2) {
      const force = Math.hypot(push[i], push[i + 1]);
      const long = Math.min(LONGEST, (USUAL * force) / scales.push) * side;
      if (!(long > 1.5 * this.unit)) continue;
      const [x, y] = [this.x(fake[i]), this.y(fake[i + 1])];
      const [dx, dy] = [(push[i] / force) * long, (-push[i + 1] / force) * long];
      const head = Math.min(4 * this.unit, long / 2) / long;
      context.moveTo(x, y);
      context.lineTo(x + dx, y + dy);
      for (const turn of [0.6, -0.6]) {
        context.moveTo(x + dx, y + dy);
        context.lineTo(x + dx - head * (dx - turn * dy), y + dy - head * (dy + turn * dx));
      }
    }
    context.stroke();
  }

  dots(points, name, radius) {
    const { context } = this;
    context.fillStyle = `rgb(${rgb(this.canvas, name).join(" ")})`;
    context.strokeStyle = getComputedStyle(this.canvas).getPropertyValue("--sheet");
    context.lineWidth = 0.7 * this.unit;
    for (let i = 0; i < points.length; i += 2) {
      const [x, y] = [this.x(points[i]), this.y(points[i + 1])];
      if (!Number.isFinite(x + y)) continue;
      context.beginPath();
      context.arc(x, y, radius * this.unit, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
  }
}

/** How many generated points lie outside of the picture. */
export function outside({ fake, region: [[left, bottom], [right, top]] }) {
  let out = 0;
  for (let i = 0; i < fake.length; i += 2) {
    const inside = fake[i] > left && fake[i] < right && fake[i + 1] > bottom && fake[i + 1] < top;
    out += inside ? 0 : 1;
  }
  return out;
}

/** The shares of generated points that lie near a real one, and of real ones that are reached. */
export function meeting({ real, fake, region: [[left], [right]] }) {
  const near = (NEAR * (right - left)) ** 2;
  const reached = new Uint8Array(real.length / 2);
  let hits = 0;
  for (let i = 0; i < fake.length; i += 2) {
    let hit = 0;
    for (let k = 0; k < real.length; k += 2) {
      if ((fake[i] - real[k]) ** 2 + (fake[i + 1] - real[k + 1]) ** 2 < near) {
        reached[k / 2] = hit = 1;
      }
    }
    hits += hit;
  }
  const sum = reached.reduce((a, b) => a + b, 0);
  return { hits: hits / (fake.length / 2), reached: sum / reached.length };
}

/** A bar that says how often the discriminator is right. */
export function meter(name, layer) {
  const fill = make("i");
  const value = make("b");
  const track = make("span", { className: `track ${layer}` }, fill);
  const row = make("div", { className: "meter" }, make("span", { textContent: name }), track, value);
  row.set = (share) => {
    fill.style.width = `${(100 * share).toFixed(1)}%`;
    value.textContent = `${Math.round(100 * share)}%`;
  };
  return row;
}

export function outsideText(scene) {
  const out = outside(scene);
  if (!out) return "";
  return `${count(out)} of ${count(scene.fake.length / 2)} generated points lie outside of the picture.`;
}
