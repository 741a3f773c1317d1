// A picture with a hole: colours in [-1, 1] in planes, and what is missing, as bytes [H * W].

/** Below this byte a pixel of a visitor's picture is transparent, and so is to be filled. */
const OPAQUE = 191;
/** The shares of red, green and blue in brightness (ITU-R BT.601). */
const LUMA = [0.299, 0.587, 0.114];

/** A picture of a visitor: RGBA bytes as planes of 1 or 3 channels, and where they are missing. */
export function pictureOf({ data, width, height }, channels) {
  const size = width * height;
  const colours = new Float32Array(channels * size);
  const missing = new Uint8Array(size);
  for (let n = 0; n < size; n += 1) {
    const [red, green, blue, alpha] = data.subarray(4 * n, 4 * n + 4);
    const bytes = channels === 1
      ? [Math.round(LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue)] : [red, green, blue];
    bytes.forEach((byte, c) => { colours[c * size + n] = byte / 127.5 - 1; });
    missing[n] = alpha < OPAQUE ? 1 : 0;
  }
  return { colours, missing };
}

/** RGBA bytes as planes [4, H, W] in [-1, 1]. */
export function planesOf({ data, width, height }) {
  const size = width * height;
  const planes = new Float32Array(4 * size);
  data.forEach((byte, n) => { planes[(n % 4) * size + Math.floor(n / 4)] = byte / 127.5 - 1; });
  return planes;
}

/** The condition [C + 1, H, W] of colours with a hole: `fill` is its colour, null leaves them. */
export function conditionOf(colours, hole, fill) {
  const size = hole.length;
  const condition = new Float32Array(colours.length + size);
  condition.set(colours);
  hole.forEach((missing, n) => {
    condition[colours.length + n] = missing ? -1 : 1;
    if (!missing || fill === null) return;
    for (let at = n; at < colours.length; at += size) condition[at] = fill;
  });
  return condition;
}

/** Put `value` into all pixels of a mask that are near the line between two points. */
export function stroke(mask, [height, width], from, to, radius, value) {
  const [down, across] = [to.y - from.y, to.x - from.x];
  const length = Math.max(1e-6, down * down + across * across);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [right, below] = [x + 0.5 - from.x, y + 0.5 - from.y];
      const share = Math.min(1, Math.max(0, (right * across + below * down) / length));
      const away = Math.hypot(right - share * across, below - share * down);
      if (away <= radius) mask[y * width + x] = value;
    }
  }
}

/** Show a condition on a canvas, a hole as a chequered ground. */
export function showCondition(canvas, condition, [channels, height, width]) {
  const image = new ImageData(width, height);
  const size = height * width;
  const colours = channels % 2 ? channels : channels - 1; // an even number has alpha
  for (let n = 0; n < size; n += 1) {
    const hidden = colours < channels && condition[colours * size + n] < 0;
    const ground = (n + Math.floor(n / width)) % 2 ? 205 : 235;
    for (let c = 0; c < 3; c += 1) {
      const plane = colours === 1 ? 0 : c;
      image.data[4 * n + c] = hidden ? ground : (condition[plane * size + n] + 1) * 127.5;
    }
    image.data[4 * n + 3] = 255;
  }
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/**
 * A visitor's file as RGBA pixels of these sides, cropped in the middle to their shape.
 *
 * A picture that fits in a whole number of times keeps its pixels, as on the command line.
 */
export async function readPicture(file, [height, width]) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(bitmap.width / width, bitmap.height / height);
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  const [left, top] = [Math.floor((bitmap.width - wide) / 2), Math.floor((bitmap.height - high) / 2)];
  const times = width / bitmap.width;
  const fits = Number.isInteger(times) && times * bitmap.height === height;
  const small = await createImageBitmap(bitmap, left, top, wide, high, {
    resizeWidth: width, resizeHeight: height, resizeQuality: fits ? "pixelated" : "high",
    premultiplyAlpha: "none",
  });
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(small, 0, 0);
  return context.getImageData(0, 0, width, height);
}
