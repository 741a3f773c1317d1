// Following a mouse, a pen or a finger over a canvas that is written on.

/**
 * Draw from place to place while a button or a finger is down: `draws(from, to)`, first with the
 * place of the press twice, after `begins(place)`. `placeOf(across, down)` makes a place of the
 * shares of the canvas's width and height at which an event is; outside it they are not in [0, 1].
 */
export function follow(canvas, { placeOf, begins = () => {}, draws }) {
  let last = null;
  const move = (here) => {
    draws(last, here);
    last = here;
  };
  const place = ({ clientX, clientY }) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return placeOf((clientX - left) / width, (clientY - top) / height);
  };
  canvas.parentElement.classList.add("paints");
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    last = place(event);
    begins(last);
    move(last);
  });
  canvas.addEventListener("pointermove", (event) => last && move(place(event)));
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => { last = null; });
  }
}
