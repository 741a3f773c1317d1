"""Everything that a page knows of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganzoo import Generator, Model, StyleGenerator
from ganzoo.latent import Directions, directions
from ganzoo_web.pages.graphs import graphs
from ganzoo_web.pages.laws import latents_of
from ganzoo_web.pages.packing import floats, packed
from ganzoo_web.pages.problems import PageError

#: A model folder's own directions, as `ganzoo directions` writes them.
DIRECTIONS = "directions.safetensors"
#: Principal directions of a page.
COMPONENTS = 8


def about(model: Model, given: Path | None = None) -> dict[str, Any]:
    """What `page.js` needs to draw a model; `PageError` for a model that it cannot show.

    `given` is a file of `ganzoo directions`, shown beside the principal ones.
    """
    check_shown(model)
    generator = model.generator
    return {
        "name": model.card.name,
        "kind": model.card.require_config().kind,
        "shape": [*generator.sample_shape],
        "latents": latents_of(model),
        "styles": _styles(generator),
        "directions": _directions(model, given),
        "parts": {name: packed(data) for name, data in graphs(model).items()},
    }


def check_shown(model: Model) -> None:
    """Refuse a model that a page cannot show, with the reason."""
    name, generator = model.card.name, model.generator
    shape, kind = tuple(generator.sample_shape), model.card.require_config().kind
    if generator.condition_shape is not None:
        raise PageError(f"{name} draws from conditions, which a page cannot give it yet")
    if generator.latent_dim == 0:
        raise PageError(f"{name} has no latents, so that a page could only show one sample")
    known = kind == "image" and len(shape) == 3 and shape[0] in (1, 3, 4)
    if not known and not (kind == "points" and shape == (2,)):
        what = "x".join(map(str, shape))
        raise PageError(
            f"{name} draws {kind} of {what}; a page shows images with 1, 3 or 4 channels and "
            "points of the plane"
        )


def draws_noise(model: Model) -> bool:
    """Whether a latent is drawn differently under another seed."""
    given = model.latents(2, seed=0)
    labels = model.labels(2, seed=0)
    first, second = (model.sample(latents=given, labels=labels, seed=seed) for seed in (0, 1))
    return not first.equal(second)


def _styles(generator: Generator) -> dict[str, Any] | None:
    if not isinstance(generator, StyleGenerator):
        return None
    return {
        "layers": generator.style_layers,
        "width": generator.style_dim,
        "average": floats(generator.average_style),
    }


def _directions(model: Model, path: Path | None) -> list[dict[str, Any]]:
    """Those of a file that is given or lies in the model's folder, then principal ones."""
    own = model.card.folder / DIRECTIONS
    path = path or (own if own.is_file() else None)
    found = [] if path is None else [Directions.read(path, model)]
    if not any(one.method == "pca" for one in found):
        found.append(directions(model, COMPONENTS))
    return [
        {
            "name": name,
            "title": name.replace("pca-", "component ").replace("sefa-", "factor "),
            "sigma": float(sigma),
            "vector": floats(vector),
        }
        for one in found
        for name, sigma, vector in zip(one.names, one.sigmas, one.vectors, strict=True)
    ]
