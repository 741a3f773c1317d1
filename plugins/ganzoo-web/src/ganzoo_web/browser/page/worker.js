// Runs the parts of models in a thread of its own, so that the page always answers.
// Messages are {id, work, ...}; answers {id, ...} or {id, error}.

const sessions = new Map();
let ort = null;

function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let n = 0; n < text.length; n += 1) bytes[n] = text.charCodeAt(n);
  return bytes;
}

async function unpacked(base64) {
  const stream = new Blob([bytesOf(base64)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function start({ module, wasm }) {
  const source = new Blob([await unpacked(module)], { type: "text/javascript" });
  ort = await import(URL.createObjectURL(source));
  ort.env.wasm.numThreads = 1; // more would need headers that plain servers do not send
  ort.env.wasm.wasmBinary = await unpacked(wasm);
  ort.env.logLevel = "error";
  return {};
}

async function open({ part, graph }) {
  if (!sessions.has(part)) {
    const options = { executionProviders: ["wasm"] };
    sessions.set(part, await ort.InferenceSession.create(await unpacked(graph), options));
  }
  return {};
}

async function run({ part, inputs }) {
  const session = sessions.get(part);
  const feeds = {};
  for (const name of session.inputNames) {
    const { type, data, dims } = inputs[name];
    feeds[name] = new ort.Tensor(type, data, dims);
  }
  const began = performance.now();
  const output = (await session.run(feeds))[session.outputNames[0]];
  return { data: output.data, milliseconds: performance.now() - began };
}

const works = { start, open, run };

globalThis.onmessage = async ({ data: { id, work, ...what } }) => {
  try {
    const answer = await works[work](what);
    postMessage({ id, ...answer }, answer.data ? [answer.data.buffer] : []);
  } catch (error) {
    postMessage({ id, error: String(error?.message ?? error) });
  }
};
