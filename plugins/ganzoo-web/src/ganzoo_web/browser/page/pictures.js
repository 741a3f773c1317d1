// Samples in [-1, 1] as pixels: grey, RGB or RGBA, on canvases and in PNG files.

import { save } from "./files.js";

/** From here on, squares that differ by one pixel of the screen look equal. */
const UNEVEN = 6;

/** Pixels of a sample [C, H, W], as `ganzoo sample` rounds them. */
export function pixels(sample, [channels, height, width]) {
  const image = new ImageData(width, height);
  const plane = height * width;
  for (let n = 0; n < plane; n += 1) {
    for (let c = 0; c < 4; c += 1) {
      const from = channels === 1 ? 0 : c;
      const opaque = c === 3 && channels < 4;
      image.data[4 * n + c] = opaque ? 255 : (sample[from * plane + n] + 1) * 127.5;
    }
  }
  return image;
}

/** Where channels are pictures of their own, `columns` in a row: a grey sample of all, its shape. */
export function laidOut(sample, [channels, height, width], columns) {
  const rows = Math.ceil(channels / columns);
  const sheet = new Float32Array(rows * height * columns * width).fill(-1);
  for (let n = 0; n < channels * height; n += 1) {
    const [channel, y] = [Math.floor(n / height), n % height];
    const [row, column] = [Math.floor(channel / columns), channel % columns];
    const at = ((row * height + y) * columns + column) * width;
    sheet.set(sample.subarray(n * width, (n + 1) * width), at);
  }
  return [sheet, [1, rows * height, columns * width]];
}

/** What shows samples [C, H, W] as pictures: their shape there, and a sample in it. */
export function layoutOf(shape, { columns }) {
  if (!columns) return { shape, lay: (sample) => sample };
  const lay = (sample) => laidOut(sample, shape, columns)[0];
  return { shape: laidOut(new Float32Array(0), shape, columns)[1], lay };
}

/** Draw a sample on a canvas of its own size. */
export function paint(canvas, sample, shape) {
  const [, height, width] = shape;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.getContext("2d").putImageData(pixels(sample, shape), 0, 0);
}

/** Show a canvas as large as its place allows; enlarged a few times only, by a whole number. */
export function fit(canvas, width, height = width) {
  const larger = Math.min(width / canvas.width, height / canvas.height);
  const times = larger >= 1 && larger < UNEVEN ? Math.floor(larger) : larger;
  canvas.style.width = `${canvas.width * times}px`;
  canvas.style.height = `${canvas.height * times}px`;
}

/** Save a canvas as a PNG file, each pixel a square with `times` pixels on a side. */
export function download(canvas, name, times = 1) {
  const copy = document.createElement("canvas");
  copy.width = canvas.width * times;
  copy.height = canvas.height * times;
  const context = copy.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, copy.width, copy.height);
  copy.toBlob((blob) => save(blob, name), "image/png");
}
