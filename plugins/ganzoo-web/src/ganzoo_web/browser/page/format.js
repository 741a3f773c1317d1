// Numbers as people read them.

const COUNT = new Intl.NumberFormat("en");

/** A whole number with its thousands marked. */
export function count(number) {
  return COUNT.format(Math.round(number));
}

/** A count in few letters: 12800 -> 12.8k. */
export function short(number) {
  const size = Math.abs(number);
  if (size >= 1e6) return `${trimmed(number / 1e6, 3)}M`;
  if (size >= 1e3) return `${trimmed(number / 1e3, 3)}k`;
  return trimmed(number, 3);
}

/** A number with a few digits that mean something, and no zeros at its end. */
export function trimmed(number, digits = 4) {
  if (number === null || number === undefined || Number.isNaN(number)) return "–";
  if (number !== 0 && (Math.abs(number) >= 1e6 || Math.abs(number) < 1e-4)) {
    return number.toExponential(2);
  }
  return String(Number(number.toPrecision(digits)));
}

/** Seconds in two units. */
export function duration(seconds) {
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

/** A setting's value as JSON writes it; text as it is. */
export function setting(value) {
  if (value === undefined || value === null) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
