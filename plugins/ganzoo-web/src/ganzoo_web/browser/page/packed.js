// Numbers that the exporter packed as base64.

/** Float32 numbers, little-endian. */
export function floatsOf(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}
