// Moving latents and styles, as ganzoo.latent and ganzoo/truncation.py do.

/** Spherical way between two latents (Shoemake 1985), straight where they lie on one line. */
export function slerp(start, end, share) {
  let dot = 0, first = 0, second = 0;
  start.forEach((value, n) => {
    dot += value * end[n];
    first += value * value;
    second += end[n] * end[n];
  });
  const cosine = dot / (Math.sqrt(first * second) || 1);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const sine = Math.sin(angle);
  if (Math.abs(sine) < 1e-6) return lerp(start, end, share);
  const a = Math.sin((1 - share) * angle) / sine;
  const b = Math.sin(share * angle) / sine;
  return start.map((value, n) => a * value + b * end[n]);
}

/** Straight way between two points. */
export function lerp(start, end, share) {
  return start.map((value, n) => value + share * (end[n] - value));
}

/** Points with `step` added to every stretch of its length: a latent's one, or each layer's. */
export function stepped(points, step) {
  return points.map((value, n) => value + step[n % step.length]);
}

/** Styles moved towards the average: avg + truncation (w - avg) (Karras et al. 2019, app. B). */
export function towardsAverage(styles, average, truncation) {
  return styles.map((value, n) => {
    const middle = average[n % average.length];
    return middle + truncation * (value - middle);
  });
}

/** The error function, by its series, or its continued fraction where that converges faster. */
function erf(x) {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  if (size < 2.5) {
    let term = x, sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n += 1) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
      if (term === 0) break;
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let tail = 0;
  for (let n = 60; n >= 1; n -= 1) tail = (n / 2) / (size + tail);
  const rest = Math.exp(-size * size) / (Math.sqrt(Math.PI) * (size + tail));
  return Math.sign(x) * (1 - rest);
}

/** The inverse of erf: Winitzki's approximation (2008), then Newton's steps. */
function inverseErf(y) {
  const log = Math.log(1 - y * y);
  const half = 2 / (Math.PI * 0.147) + log / 2;
  let x = Math.sign(y) * Math.sqrt(Math.sqrt(half * half - log / 0.147) - half);
  for (let n = 0; n < 3; n += 1) {
    x -= (erf(x) - y) / ((2 / Math.sqrt(Math.PI)) * Math.exp(-x * x));
  }
  return x;
}

/** Normal values moved between -2 t and 2 t, each keeping its rank (Brock et al. 2019, 3.1). */
export function cutNormal(values, truncation) {
  const share = erf((2 * truncation) / Math.SQRT2);
  return values.map((value) => Math.SQRT2 * inverseErf(share * erf(value / Math.SQRT2)));
}
