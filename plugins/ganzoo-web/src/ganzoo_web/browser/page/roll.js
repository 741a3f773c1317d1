// Piano rolls: which pitches sound, the notes that they are, and pictures of them.

/** The colours of tracks, told apart in every kind of colour blindness (after Okabe and Ito 2008);
    pages/walls.py has the same. */
export const TRACKS = ["#d55e00", "#0072b2", "#009e73", "#784696", "#cc79a7", "#5a5a5a"];

/** What sounds in a sample [tracks, steps, pitches]: 1 or 0 for each of its numbers. */
export function sounding(sample, [tracks, steps, pitches], { threshold, voices }) {
  const sounds = Uint8Array.from(sample, (value) => value >= threshold);
  if (!voices) return sounds;
  for (let row = 0; row < tracks * steps; row += 1) {
    const values = sample.subarray(row * pitches, (row + 1) * pitches);
    const most = Math.max(...values);
    values.forEach((value, pitch) => {
      if (value < most) sounds[row * pitches + pitch] = 0;
    });
  }
  return sounds;
}

/** The notes in what sounds: {track, pitch, step, length}, by step; `pitch` as MIDI numbers it. */
export function notesOf(sounds, [tracks, steps, pitches], { lowest }) {
  const at = (track, step, pitch) => sounds[(track * steps + step) * pitches + pitch];
  const notes = [];
  for (let step = 0; step < steps; step += 1) {
    for (let track = 0; track < tracks; track += 1) {
      for (let pitch = 0; pitch < pitches; pitch += 1) {
        if (!at(track, step, pitch) || (step && at(track, step - 1, pitch))) continue;
        let end = step + 1;
        while (end < steps && at(track, end, pitch)) end += 1;
        notes.push({ track, pitch: lowest + pitch, step, length: end - step });
      }
    }
  }
  return notes;
}

/** A small picture of what sounds: a pixel for each step and pitch, on white. */
export function rollPixels(sounds, [tracks, steps, pitches]) {
  const image = new ImageData(steps, pitches);
  image.data.fill(255);
  for (let track = 0; track < tracks; track += 1) {
    const colour = TRACKS[track % TRACKS.length].match(/\w\w/g).map((two) => parseInt(two, 16));
    for (let step = 0; step < steps; step += 1) {
      for (let pitch = 0; pitch < pitches; pitch += 1) {
        if (!sounds[(track * steps + step) * pitches + pitch]) continue;
        image.data.set(colour, 4 * ((pitches - 1 - pitch) * steps + step));
      }
    }
  }
  return image;
}

/** Draw notes on a canvas as large as it is shown, with beats and bars behind them. */
export function drawRoll(canvas, notes, [, steps, pitches], { lowest, stepsPerBeat, stepsPerBar, muted, head }) {
  const scale = Math.min(3, window.devicePixelRatio || 1);
  const { width, height } = canvas.getBoundingClientRect();
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  const colour = (name) => getComputedStyle(canvas).getPropertyValue(name).trim();
  context.scale(canvas.width / steps, canvas.height / pitches);
  const row = (pitch) => pitches - 1 - (pitch - lowest);
  context.fillStyle = colour("--soft");
  for (let pitch = lowest; pitch < lowest + pitches; pitch += 1) {
    if ([1, 3, 6, 8, 10].includes(pitch % 12)) context.fillRect(0, row(pitch), steps, 1);
  }
  context.fillStyle = colour("--line");
  for (let step = 0; step < steps; step += stepsPerBeat) {
    const thick = step % stepsPerBar ? 1 : 2.5;
    context.fillRect(step, 0, (thick * steps) / canvas.width, pitches);
  }
  for (const { track, pitch, step, length } of notes) {
    context.globalAlpha = muted.has(track) ? 0.15 : 1;
    context.fillStyle = TRACKS[track % TRACKS.length];
    context.fillRect(step, row(pitch), length - 0.12, 1);
  }
  context.globalAlpha = 1;
  if (head === null) return;
  context.fillStyle = colour("--ink");
  context.fillRect(head, 0, (2 * scale * steps) / canvas.width, pitches);
}
