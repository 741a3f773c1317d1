// The page's side of the worker: one request at a time, the most urgent first.

/** What this browser lacks to run a model, in words; nothing if it has all. */
export function lacking() {
  // A function of one SIMD instruction, which a browser without SIMD refuses.
  const simd = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0,
    65, 0, 253, 15, 253, 98, 11];
  if (typeof WebAssembly !== "object") return "WebAssembly";
  if (!WebAssembly.validate(new Uint8Array(simd))) return "WebAssembly's SIMD instructions";
  if (typeof Worker !== "function") return "workers";
  if (typeof DecompressionStream !== "function") return "decompression streams";
  return "";
}

/** Runs parts of models. A request with a slot takes the place of those that wait there. */
export class Engine {
  constructor(runtime) {
    const source = new Blob([runtime.worker], { type: "text/javascript" });
    this.worker = new Worker(URL.createObjectURL(source));
    this.worker.onmessage = ({ data }) => this.answered(data);
    this.worker.onerror = (event) => this.answered({ error: event.message || "it did not start" });
    this.waiting = [];
    this.current = null;
    this.ready = this.ask("start", { module: runtime.module, wasm: runtime.wasm });
  }

  /**
   * Ask for work; resolves to its answer, or to null if a newer request took its slot, or if it is
   * no longer `wanted` when its turn comes.
   */
  ask(work, what, { slot = null, rank = 0, wanted = () => true } = {}) {
    if (slot !== null) this.drop(slot);
    return new Promise((resolve, reject) => {
      this.waiting.push({ work, what, slot, rank, wanted, resolve, reject });
      this.next();
    });
  }

  /** Forget what waits in a slot. */
  drop(slot) {
    for (const older of this.waiting.filter((one) => one.slot === slot)) older.resolve(null);
    this.waiting = this.waiting.filter((one) => one.slot !== slot);
  }

  next() {
    for (const one of this.waiting.filter((other) => !other.wanted())) one.resolve(null);
    this.waiting = this.waiting.filter((one) => one.wanted());
    if (this.current || !this.waiting.length) return;
    const rank = Math.min(...this.waiting.map((one) => one.rank));
    const place = this.waiting.findIndex((one) => one.rank === rank);
    [this.current] = this.waiting.splice(place, 1);
    this.worker.postMessage({ work: this.current.work, ...this.current.what });
  }

  answered({ error, ...answer }) {
    const { resolve, reject } = this.current ?? {};
    this.current = null;
    if (error) reject?.(new Error(error));
    else resolve?.(answer);
    this.next();
  }
}
