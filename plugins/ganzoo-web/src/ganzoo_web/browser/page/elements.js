// Making the page's parts.

/** An element with properties and children. */
export function make(tag, properties = {}, ...children) {
  const { attributes = {}, ...own } = properties;
  const element = Object.assign(document.createElement(tag), own);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function byId(id) {
  return document.getElementById(id);
}

/** A title, whose colour such as #592454 is shown as one. */
function titleOf(title) {
  const [, words, colour] = title.match(/^(.*?)(#[0-9a-f]{6})?$/i);
  if (!colour) return [title];
  const swatch = make("span", { className: "swatch", title: colour });
  swatch.style.background = colour;
  const named = make("span", { className: "hidden", textContent: colour });
  return [words, swatch, named];
}

/** A labelled slider that calls `changed` with its number while it is dragged. */
export function slider({ id, title, least, most, step, value, shown, changed }) {
  const output = make("output", { textContent: shown(value), attributes: { for: id } });
  const input = make("input", { id, type: "range", min: least, max: most, step });
  input.value = value;
  const show = (number) => {
    output.textContent = shown(number);
    input.setAttribute("aria-valuetext", shown(number));
  };
  show(value);
  input.addEventListener("input", () => {
    show(Number(input.value));
    changed(Number(input.value));
  });
  const label = make("label", { htmlFor: id }, ...titleOf(title));
  const row = make("div", { className: "slider" }, label, output, input);
  row.set = (number) => {
    input.value = number;
    show(number);
  };
  return row;
}

/** Say in one line what is wrong. */
export function notice(text) {
  const place = byId("notice");
  place.textContent = text;
  place.hidden = !text;
}
