// Numbers that the exporter packed as base64.

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** Float32 numbers, little-endian. */
export function floatsOf(base64) {
  return new Float32Array(bytesOf(base64).buffer);
}

/** Bytes that were compressed. */
export async function unpacked(base64) {
  const stream = new Blob([bytesOf(base64)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Compressed float32 numbers in rows of a shape. */
export async function rowsOf(base64, shape) {
  const numbers = new Float32Array((await unpacked(base64)).buffer);
  const size = shape.reduce((product, side) => product * side, 1);
  return Array.from({ length: numbers.length / size }, (_, n) =>
    numbers.subarray(n * size, (n + 1) * size));
}
