// Plays what sounds, step by step, by Web Audio: what changes meanwhile is heard at once.

/** Seconds that are planned ahead, and milliseconds between two looks at the clock. */
const AHEAD = 0.2;
const LOOK = 40;
/** Overtones' strengths: one timbre for each track, in turn. */
const TIMBRES = [[1, 0.4, 0.2, 0.1], [1, 0, 0.35, 0, 0.15], [1, 0.6, 0.3, 0.25, 0.12], [1, 0.2]];
const [ATTACK, RELEASE, LOUD] = [0.012, 0.09, 0.22];

/** A pitch, as MIDI numbers it, in Hertz. */
export function frequency(pitch) {
  return 440 * 2 ** ((pitch - 69) / 12);
}

export class Player {
  /**
   * `notesAt(step)` are the notes that begin at a step, `seconds()` is the length of one, and
   * `moved(step)` is told where the head is, null once it has stopped.
   */
  constructor({ steps, notesAt, seconds, moved }) {
    Object.assign(this, { steps, notesAt, seconds, moved });
    this.timer = null;
  }

  get playing() {
    return this.timer !== null;
  }

  start() {
    this.audio ??= new AudioContext();
    this.audio.resume();
    this.out = this.audio.createDynamicsCompressor();
    this.out.connect(this.audio.destination);
    this.next = { step: 0, at: this.audio.currentTime + 0.06 };
    this.heads = [];
    this.timer = setInterval(() => this.look(), LOOK);
    this.look();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.out?.disconnect();
    this.moved(null);
  }

  /** Plan the steps that come soon, and move the head to the one that is heard. */
  look() {
    const now = this.audio.currentTime;
    while (this.next.at < now + AHEAD) {
      const { step, at } = this.next;
      const seconds = this.seconds();
      for (const note of this.notesAt(step)) this.play(note, at, note.length * seconds);
      this.heads.push(this.next);
      this.next = { step: (step + 1) % this.steps, at: at + seconds };
    }
    while (this.heads.length > 1 && this.heads[1].at <= now) this.heads.shift();
    this.moved(this.heads[0].step);
  }

  play({ track, pitch }, at, seconds) {
    const overtones = TIMBRES[track % TIMBRES.length];
    const voice = this.audio.createOscillator();
    const gain = this.audio.createGain();
    const zeros = new Float32Array(overtones.length + 1);
    voice.setPeriodicWave(this.audio.createPeriodicWave(zeros, Float32Array.of(0, ...overtones)));
    voice.frequency.value = frequency(pitch);
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(LOUD, at + ATTACK);
    gain.gain.setTargetAtTime(LOUD / 2, at + ATTACK, 0.3);
    gain.gain.setTargetAtTime(0, at + Math.max(ATTACK, seconds - RELEASE / 2), RELEASE / 3);
    voice.connect(gain).connect(this.out);
    voice.start(at);
    voice.stop(at + seconds + 2 * RELEASE);
  }
}
