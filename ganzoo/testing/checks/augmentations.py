"""A check of an augmentation: the same shape, by the run's draws alone, differentiable twice."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganzoo.errors import one_line
from ganzoo.interfaces import Augmentation, Draw
from ganzoo.testing.causes import refuses, remedy, written
from ganzoo.testing.faults import Blocked, authors_line, wrong
from ganzoo.testing.probes import equal, moved_states, random_states
from ganzoo.testing.subjects import AugmentationSubject

#: Images that are changed: [C, H, W].
SHAPE = (3, 32, 32)
DRAWING = r"torch\.(rand|randn|randint|randperm|normal|bernoulli)|np\.random|random\."


def check_changes(subject: AugmentationSubject) -> None:
    """Images keep shape and type; the run's draws decide, and a second gradient goes through."""
    for n in (1, 7):
        samples = torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(0)) * 2 - 1
        given, before = samples.clone(), random_states()
        made = _changed(subject, given)
        if moved := moved_states(before, "torch", "numpy", "random"):
            raise wrong(
                f"it draws from the global generator of {moved[0]}: a run that goes on would draw "
                "other numbers; draw with uniform(len(samples), ...) or normal(...), which it gets",
                subject.line(DRAWING),
            )
        if made.shape != samples.shape or made.dtype != torch.float32:
            raise wrong(
                f"{n} samples {list(samples.shape)} become {list(made.shape)} {made.dtype}: as "
                "many come back, of the same shape, in float32",
                subject.line(),
            )
        if not equal(samples, given):
            raise wrong("it changes its inputs, which are shown elsewhere too", subject.line())
        if not equal(made, _changed(subject, samples)):
            raise wrong("equal draws give other samples the second time", subject.line(DRAWING))
    _check_gradients(subject, samples)


def _check_gradients(subject: AugmentationSubject, samples: Tensor) -> None:
    """Penalties differentiate the gradient, which goes through the changes."""
    inputs = samples.clone().requires_grad_()
    try:
        total = _changed(subject, inputs).square().sum()
        (gradient,) = torch.autograd.grad(total, inputs, create_graph=True)
        torch.autograd.grad(gradient.square().sum(), inputs)
    except RuntimeError as error:
        raise wrong(
            f"a gradient does not go through it twice ({one_line(error)[:160]}), which the "
            "generator and penalties want; change samples by torch's operations, without "
            ".detach() and rounding",
            subject.line(r"detach\(|no_grad|\.data\b|numpy|round\("),
        ) from error


def _changed(subject: AugmentationSubject, samples: Tensor) -> Tensor:
    """Samples as a new augmentation changes them, by draws of one seed."""
    augmentation: Any = subject.made()
    if not isinstance(augmentation, Augmentation):
        raise Blocked("check_builds", "it is no ganzoo.Augmentation")
    if refuses(augmentation.forward, 3):
        raise wrong(
            "forward is called with samples, uniform and normal, and it is written "
            f"{written(augmentation.forward)}: write def forward(self, samples, uniform, normal)",
            subject.line(),
        )
    rng = torch.Generator().manual_seed(1)
    try:
        made: Any = augmentation(samples, _draw(torch.rand, rng), _draw(torch.randn, rng))
    except Exception as error:
        hint = remedy(error)
        raise wrong(
            f"images {list(samples.shape)} fail ({one_line(error)[:200]}){hint and f': {hint}'}",
            authors_line(error) or subject.line(),
        ) from error
    if not isinstance(made, Tensor):
        raise wrong(f"forward returns a {type(made).__name__}: it returns samples", subject.line())
    return made


def _draw(function: Any, rng: torch.Generator) -> Draw:
    """The run's randomness, by hand."""

    def draw(*shape: int, shared: bool = False) -> Tensor:
        drawn: Tensor = function(shape, generator=rng)
        return drawn

    return draw
