"""Sliders in a notebook that steer a model: seed, class, truncation and principal directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ganzoo.arguments import seed_of, whole
from ganzoo.errors import GanzooError, UsageError
from ganzoo.latent.directions import Directions, edit
from ganzoo.latent.finding import directions as found
from ganzoo.latent.walking import require_latents

if TYPE_CHECKING:
    from ganzoo.zoo import Model

#: Principal directions that have a slider, and how many standard deviations it reaches.
SLIDERS, REACH = 5, 3.0


def sliders(
    model: Model, *, n: int = 1, directions: Directions | None = None, seed: int = 0
) -> Any:
    """Widgets that draw n samples of a seed, changed by class, truncation and directions.

    Five principal directions have a slider, or those that are given, such as
    `ganzoo.latent.directions(model, by="attribute")`. Every change draws at once. The result is an
    ipywidgets box; `controls` by name and `picture` are attributes of it. `GanzooError` without
    ipywidgets, `UsageError` for a model without latents or pictures.
    """
    try:
        import ipywidgets as widgets  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise GanzooError("sliders need ipywidgets; pip install ipywidgets") from None
    require_latents(model)
    if (kind := model.card.require_config().kind) != "image":
        raise UsageError(f"sliders show images, and {model.card.name} draws {kind}")
    count, seed = whole("n", n, least=1), seed_of(seed)
    ways = found(model, SLIDERS) if directions is None else directions
    controls = _controls(widgets, model, ways, seed)
    picture = widgets.Image(format="png", layout={"max_width": "100%"})
    steered = _Steered(model, ways, count, controls, picture)
    for control in controls.values():
        control.observe(steered.draw, names="value")
    steered.draw()
    box = widgets.HBox([widgets.VBox([*controls.values()]), picture])
    box.controls, box.picture = controls, picture
    return box


def _controls(widgets: Any, model: Model, ways: Directions, seed: int) -> dict[str, Any]:
    """A widget for each thing that can be changed, by name."""
    controls = {
        "seed": widgets.BoundedIntText(seed, min=0, max=2**32 - 1, description="seed"),
        "truncation": _slider(widgets, 1.0, 0.05, 1.0, "truncation"),
    }
    if (classes := model.generator.num_classes) is not None:
        names = model.class_names or tuple(map(str, range(classes)))
        options = [("drawn", None), *((name, number) for number, name in enumerate(names))]
        controls["class"] = widgets.Dropdown(options=options, description="class")
    for name in ways.names:
        controls[name] = _slider(widgets, 0.0, -REACH, REACH, name)
    return controls


def _slider(widgets: Any, value: float, low: float, high: float, name: str) -> Any:
    return widgets.FloatSlider(value, min=low, max=high, step=0.05, description=name)


class _Steered:
    """Draws what the widgets say."""

    def __init__(
        self, model: Model, ways: Directions, n: int, controls: dict[str, Any], picture: Any
    ) -> None:
        self.model, self.ways, self.n = model, ways, n
        self.controls, self.picture = controls, picture

    def draw(self, change: object = None) -> None:
        """Show the samples of the widgets' values."""
        from ganzoo.zoo import pictures

        values = {name: control.value for name, control in self.controls.items()}
        samples = edit(
            self.model,
            self.model.latents(self.n, seed=values["seed"]),
            self.ways,
            {name: values[name] for name in self.ways.names},
            seed=values["seed"],
            labels=values.get("class"),
            truncation=values["truncation"],
        )
        self.picture.value = pictures.png(pictures.grid(samples, self.model.card))
