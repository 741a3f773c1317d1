"""What an exported file says about the model in it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from ganzoo._version import __version__
from ganzoo.build import build, is_here
from ganzoo.errors import GanzooError
from ganzoo.exporters.tracing import Traced
from ganzoo.interfaces import Dataset, StyleGenerator
from ganzoo.latent.files import fingerprint
from ganzoo.specs import ModelConfig


def about(traced: Traced) -> dict[str, str]:
    """Facts about a traced model: text, or JSON for what is not text; those unknown are left out.

    `sha256` is that of the weights' file; `average_style` [W] is what truncation moves towards.
    """
    model, generator = traced.model, traced.model.generator
    config = model.card.require_config()
    facts: dict[str, Any] = {
        "ganzoo": __version__,
        "model": model.card.name,
        "sha256": fingerprint(model),
        "part": traced.part,
        "kind": config.kind,
        "sample_shape": list(generator.sample_shape),
        "value_range": _value_range(config),
        "class_names": list(config.class_names),
        "class_shares": list(config.class_shares),
        "licence": "" if config.licenses is None else config.licenses.weights,
    }
    if isinstance(generator, StyleGenerator):
        facts["average_style"] = generator.average_style.float().tolist()
    if traced.noise.draws:
        facts["noise"] = "input" if traced.fixed is None else "fixed"
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in facts.items()
        if value not in ("", [])
    }


def _value_range(config: ModelConfig) -> list[float] | str | None:
    """The range of samples as their data set states it: None if unbounded, empty if unknown."""
    if config.kind == "image":
        return [-1.0, 1.0]
    data = config.recipe.data
    with suppress(GanzooError):
        if is_here(data):
            bounds = build(Dataset, data).value_range
            return None if bounds is None else [*bounds]
    return ""
