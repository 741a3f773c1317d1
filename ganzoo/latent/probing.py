"""Looking at layers while a generator draws."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ganzoo import sampling
from ganzoo.errors import UsageError
from ganzoo.interfaces import StyleGenerator
from ganzoo.latent.walking import one_label

if TYPE_CHECKING:
    from ganzoo.zoo import Model


class _EnoughError(Exception):
    """The layer that was wanted has answered."""


def layers_seen(
    model: Model, points: Tensor, seed: int, label: int | str | None
) -> Iterator[Tensor]:
    """The outputs float32 [n, F] of modules with parameters that differ from row to row.

    For latents [n, D] the first such module alone; for styles [n, W], all that give vectors.
    """
    generator, answers = model.generator, list[Tensor]()
    styled = isinstance(generator, StyleGenerator)

    def keep(module: nn.Module, inputs: Any, output: Any) -> None:
        if not isinstance(output, Tensor) or len(output) != len(points):
            return
        if (styled and output.dim() > 2) or torch.equal(output, output[:1].expand_as(output)):
            return
        answers.append(output.flatten(1).float().cpu())
        if not styled:
            raise _EnoughError

    owners = [m for m in generator.modules() if any(True for _ in m.parameters(recurse=False))]
    hooks = [module.register_forward_hook(keep) for module in owners]
    try:
        _pass(model, points, seed, label)
    except _EnoughError:
        pass
    finally:
        for hook in hooks:
            hook.remove()
    if not answers:
        raise UsageError(
            f"{model.card.name} has no module whose output follows its latents; pca and sefa read "
            "the first one"
        )
    yield from answers


@torch.no_grad()
def _pass(model: Model, points: Tensor, seed: int, label: int | str | None) -> None:
    """One pass of the generator from latents [n, D] or styles [n, W], with one label for all."""
    generator = model.generator
    given = given_for(model, len(points), seed, label)
    points = points.to(model.device, sampling.precision_of(generator))
    with sampling.seeded_layers(seed, model.device):
        if isinstance(generator, StyleGenerator):
            generator.synthesise(points[:, None].expand(-1, generator.style_layers, -1), given)
        else:
            generator(points, given)


def given_for(model: Model, n: int, seed: int, label: int | str | None) -> Tensor | None:
    """One label or condition for n samples, on the model's device; None if it takes neither."""
    from ganzoo.zoo.requests import labels_for

    options = one_label(model, seed, {"labels": label})
    labels, conditions = options.get("labels"), options.get("conditions")
    rows = labels_for(model, n, seed, labels, conditions)
    return None if rows is None else rows[:n].to(model.device)
