// Notes as a Standard MIDI file of format 1 (MIDI 1.0, RP-001): a track of tempo, one for each track.

/** Ticks of a beat. */
const TICKS = 480;
const LOUDNESS = 80;

/** A number of seven bits a byte, the first ones marked. */
function variable(number) {
  const bytes = [number & 127];
  for (let rest = number >> 7; rest; rest >>= 7) bytes.unshift((rest & 127) | 128);
  return bytes;
}

function whole(number, bytes) {
  return Array.from({ length: bytes }, (_, n) => (number >>> (8 * (bytes - 1 - n))) & 255);
}

function chunk(name, bytes) {
  return [...new TextEncoder().encode(name), ...whole(bytes.length, 4), ...bytes];
}

function meta(kind, bytes) {
  return [0, 255, kind, ...variable(bytes.length), ...bytes];
}

/** The events of one track: at equal ticks notes end before others begin. */
function trackOf(notes, number, name, ticks) {
  const channel = number < 9 ? number : (number + 1) % 16; // channel 9 is the drums'
  const events = notes.flatMap(({ pitch, step, length }) => [
    { at: step * ticks, bytes: [0x90 | channel, pitch, LOUDNESS], rank: 1 },
    { at: (step + length) * ticks, bytes: [0x80 | channel, pitch, 0], rank: 0 },
  ]);
  events.sort((a, b) => a.at - b.at || a.rank - b.rank);
  const bytes = meta(3, new TextEncoder().encode(name));
  let now = 0;
  for (const { at, bytes: said } of events) {
    bytes.push(...variable(at - now), ...said);
    now = at;
  }
  return chunk("MTrk", [...bytes, ...meta(0x2f, [])]);
}

/** Notes as the bytes of a MIDI file; `names` are those of the tracks. */
export function midiOf(notes, names, { stepsPerBeat, beatsPerMinute }) {
  const tempo = chunk("MTrk", [
    ...meta(0x51, whole(Math.round(6e7 / beatsPerMinute), 3)), ...meta(0x2f, []),
  ]);
  const tracks = names.map((name, number) =>
    trackOf(notes.filter(({ track }) => track === number), number, name, TICKS / stepsPerBeat));
  const head = chunk("MThd", [...whole(1, 2), ...whole(1 + tracks.length, 2), ...whole(TICKS, 2)]);
  return Uint8Array.from([...head, ...tempo, ...tracks.flat()]);
}
