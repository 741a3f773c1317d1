"""Everything that a page knows of a model."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from ganzoo import GanzooError, Generator, Model, StyleGenerator
from ganzoo.latent import Directions, directions
from ganzoo_web.pages.conditions import conditions_of
from ganzoo_web.pages.graphs import graphs
from ganzoo_web.pages.laws import latents_of
from ganzoo_web.pages.packing import floats, packed
from ganzoo_web.pages.problems import PageError
from ganzoo_web.pages.views import view_of

#: A model folder's own directions, as `ganzoo directions` writes them.
DIRECTIONS = "directions.safetensors"
#: Principal directions of a page.
COMPONENTS = 8


def about(model: Model, given: Path | None = None) -> dict[str, Any]:
    """What `page.js` needs to draw a model; `PageError` for a model that it cannot show.

    `given` is a file of `ganzoo directions`, shown beside the principal ones.
    """
    check_shown(model)
    return {
        "name": model.card.name,
        "view": view_of(model),
        "shape": [*model.generator.sample_shape],
        "latents": latents_of(model),
        "conditions": conditions_of(model),
        "styles": _styles(model.generator),
        "directions": _directions(model, given),
        "parts": {name: packed(data) for name, data in graphs(model).items()},
    }


def check_shown(model: Model) -> None:
    """Refuse a model that a page cannot show, with the reason."""
    view_of(model)
    if model.generator.latent_dim == 0 and model.generator.condition_shape is None:
        raise PageError(
            f"{model.card.name} has no latents, so that a page could only show one sample"
        )


def draws_noise(model: Model) -> bool:
    """Whether a latent is drawn differently under another seed."""
    given, told = model.latents(2, seed=0), model.labels(2, seed=0)
    labels, conditions = (told, None) if model.generator.condition_shape is None else (None, told)
    first, second = (
        model.sample(latents=given, labels=labels, conditions=conditions, seed=seed)
        for seed in (0, 1)
    )
    return not first.equal(second)


def _styles(generator: Generator) -> dict[str, Any] | None:
    if not isinstance(generator, StyleGenerator):
        return None
    return {
        "layers": generator.style_layers,
        "width": generator.style_dim,
        "average": floats(generator.average_style),
    }


def titled(name: str) -> str:
    """A direction's name for people: `hairColor-#592454` is `hair color #592454`."""
    name = name.replace("pca-", "component ").replace("sefa-", "factor ")
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|-(?=[#\w])", " ", name)
    return re.sub(r"\b[A-Z](?=[a-z])", lambda found: found[0].lower(), words)


def _by(model: Model, method: Literal["attribute", "pca"]) -> list[Directions]:
    """The directions that a method finds: none where it has nothing to go by."""
    with suppress(GanzooError):  # no attributes, or no layer that reads latents
        return [directions(model, COMPONENTS, by=method)]
    return []


def _directions(model: Model, path: Path | None) -> list[dict[str, Any]]:
    """Those of a file that is given or lies in the model's folder, then principal ones.

    Without a file, they are those of attributes that the extractor of the model's data set names.
    Where samples follow a condition they are principal ones, and none if that is more than numbers:
    the first layer reads it.
    """
    own = model.card.folder / DIRECTIONS
    path = path or (own if own.is_file() else None)
    found = [] if path is None else [Directions.read(path, model)]
    shape = model.generator.condition_shape
    if shape is None:
        found = found or _by(model, "attribute")
    if (shape is None or len(shape) == 1) and not any(one.method == "pca" for one in found):
        found += _by(model, "pca")
    return [
        {
            "name": name,
            "title": titled(name),
            "sigma": float(sigma),
            "vector": floats(vector),
        }
        for one in found
        for name, sigma, vector in zip(one.names, one.sigmas, one.vectors, strict=True)
    ]
