// Points of the plane as dots, on equal and symmetrical axes.

const SIDE = 480;
const MARGIN = 24;
const ENDS = [1, 1.5, 2, 3, 5, 7.5, 10];

/** Where axes end that hold all values: few places, so that pictures can be compared. */
export function axisEnd(points) {
  let most = 0;
  for (const [x, y] of points) {
    if (Number.isFinite(x) && Number.isFinite(y)) most = Math.max(most, Math.abs(x), Math.abs(y));
  }
  if (most === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return power * ENDS.find((end) => end * power >= most);
}

/** Draw points [N][2] on a canvas; the chosen one larger. */
export function scatter(canvas, points, chosen, end) {
  const scale = Math.min(3, window.devicePixelRatio || 1);
  canvas.width = SIDE * scale;
  canvas.height = SIDE * scale;
  const context = canvas.getContext("2d");
  const colour = (name) => getComputedStyle(canvas).getPropertyValue(name).trim();
  context.scale(scale, scale);
  context.strokeStyle = colour("--line");
  context.beginPath();
  context.moveTo(MARGIN, SIDE / 2);
  context.lineTo(SIDE - MARGIN, SIDE / 2);
  context.moveTo(SIDE / 2, MARGIN);
  context.lineTo(SIDE / 2, SIDE - MARGIN);
  context.stroke();
  context.fillStyle = colour("--quiet");
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "right";
  context.fillText(String(end), SIDE - MARGIN, SIDE / 2 + 16);
  const place = (value) => SIDE / 2 + ((SIDE / 2 - MARGIN) * value) / end;
  const dot = ([x, y], radius) => {
    context.beginPath();
    context.arc(place(x), place(-y), radius, 0, 2 * Math.PI);
    context.fill();
  };
  context.fillStyle = colour("--accent");
  context.globalAlpha = 0.55;
  for (const point of points) dot(point, 2);
  context.globalAlpha = 1;
  context.fillStyle = colour("--ink");
  if (points[chosen]) dot(points[chosen], 5);
}
