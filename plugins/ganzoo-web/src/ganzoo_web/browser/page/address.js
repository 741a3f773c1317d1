// The page's state in its address, so that a link shows the same picture.

/** The state of a page that nobody has touched. */
export function fresh() {
  return {
    seed: 0, index: 0, label: null, truncation: 1, amounts: {},
    other: { seed: 0, index: 1 }, share: 0, word: null, given: 0, wishes: {},
  };
}

function whole(text, otherwise) {
  return /^\d{1,15}$/.test(text ?? "") ? Number(text) : otherwise;
}

function number(text, least, most, otherwise) {
  const value = Number.parseFloat(text ?? "");
  return Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : otherwise;
}

/** The state that an address describes; what it does not say, or says wrongly, is fresh. */
export function read(hash, about) {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  const state = fresh();
  const seeds = about.latents.seeds ?? 2 ** 50;
  const seed = whole(said.get("seed"), 0);
  state.seed = seed < seeds ? seed : 0;
  state.index = Math.min(63, whole(said.get("picture"), 0));
  const label = whole(said.get("class"), null);
  if (label !== null && label < (about.latents.classes?.count ?? 0)) state.label = label;
  state.truncation = number(said.get("truncation"), 0, 1.5, 1);
  const [otherSeed, otherIndex] = (said.get("other") ?? "").split(".");
  state.other = { seed: whole(otherSeed, state.seed), index: Math.min(63, whole(otherIndex, 1)) };
  if (state.other.seed >= seeds) state.other.seed = state.seed;
  state.share = number(said.get("blend"), 0, 1, 0);
  for (const { name } of about.directions) {
    const amount = number(said.get(`by.${name}`), -4, 4, 0);
    if (amount) state.amounts[name] = amount;
  }
  state.given = Math.min((about.conditions?.count ?? 1) - 1, whole(said.get("given"), 0));
  for (const [name, value] of said) {
    if (name.startsWith("is.")) state.wishes[name.slice(3)] = value;
  }
  if (said.has("word")) state.word = said.get("word").slice(0, 24);
  return state;
}

/** The address of a state: only what differs from a fresh page. */
export function write(state) {
  const said = new URLSearchParams();
  if (state.seed) said.set("seed", state.seed);
  if (state.index) said.set("picture", state.index);
  if (state.label !== null) said.set("class", state.label);
  if (state.truncation !== 1) said.set("truncation", state.truncation);
  const { seed, index } = state.other;
  if (seed !== state.seed || index !== 1) said.set("other", `${seed}.${index}`);
  if (state.share) said.set("blend", state.share);
  for (const [name, amount] of Object.entries(state.amounts)) {
    if (amount) said.set(`by.${name}`, amount);
  }
  if (state.given) said.set("given", state.given);
  for (const [name, value] of Object.entries(state.wishes)) said.set(`is.${name}`, value);
  if (state.word !== null) said.set("word", state.word);
  return said.toString();
}
