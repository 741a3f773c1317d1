"""Checks of a generator's styles: what truncation, mixing and walks rely on."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.ema import recalibrate
from ganzoo.errors import one_line
from ganzoo.interfaces import StyleGenerator
from ganzoo.testing.failures import wrong
from ganzoo.testing.network_subjects import GeneratorSubject
from ganzoo.testing.numerics import equal, seeded
from ganzoo.truncation import truncated

ROWS = 5
DRAWING = r"torch\.rand|randperm|bernoulli|dropout|multinomial"


def check_styles(subject: GeneratorSubject) -> str:
    """Styles are [N, L, W], functions of the latents in eval mode, and all that samples come from.

    `average_style` [W] is saved with the weights, and is recomputed with the average.
    """
    network = subject.steady()
    if not isinstance(network, StyleGenerator):
        return "no styles"
    latents, labels = subject.batch(network, ROWS)
    styles = _styles(subject, network, latents, labels)
    _check_the_samples(subject, network, styles, latents, labels)
    _check_published(subject, network, styles, latents, labels)
    _check_average(subject, network, latents, labels)
    return f"[{network.style_layers}, {network.style_dim}]"


def _styles(
    subject: GeneratorSubject, network: StyleGenerator, latents: Tensor, labels: Tensor | None
) -> Tensor:
    """The styles of a few latents: of their shape, and drawn from nothing else."""
    at = subject.line(DRAWING, method="styles")
    with torch.no_grad(), seeded(0):
        styles = network.styles(latents, labels)
        again = network.styles(latents, labels)
    wanted = [len(latents), network.style_layers, network.style_dim]
    if list(styles.shape) != wanted or styles.dtype != torch.float32:
        raise wrong(
            f"styles gives {styles.dtype} {list(styles.shape)} of {len(latents)} latents, and "
            f"float32 {wanted} is promised: [N, style_layers, style_dim]; a style that all layers "
            "share is expanded",
            subject.line(method="styles"),
        )
    if not equal(styles, again):
        raise wrong(
            "styles of the same latents differ in eval mode: mixing and dropout belong in "
            "training; draw only `if self.training`",
            at,
        )
    return styles


def _check_the_samples(
    subject: GeneratorSubject,
    network: StyleGenerator,
    styles: Tensor,
    latents: Tensor,
    labels: Tensor | None,
) -> None:
    """Samples are those of their styles: synthesise takes nothing from a pass before it."""
    other, _ = subject.batch(network, ROWS, seed=1)
    with torch.no_grad():
        network.styles(other, labels)  # what a network keeps of a pass is now another's
        with seeded(0):
            made = network.synthesise(styles, labels)
    with seeded(0):
        whole = subject.passed(network, latents, labels)
    if not equal(made, whole):
        raise wrong(
            "synthesise(styles) is not what forward gives of their latents: it reads something "
            "that styles() keeps on self, and edited styles would draw another's picture; put "
            "all that it needs into the styles",
            subject.line(r"self\.\w+\s*=", method="synthesise"),
        )


def _check_published(
    subject: GeneratorSubject,
    network: StyleGenerator,
    styles: Tensor,
    latents: Tensor,
    labels: Tensor | None,
) -> None:
    """`outputs` publishes the styles: losses read them."""
    with seeded(0):
        published = subject.published_by(network, latents, labels)
    if "styles" not in published or not equal(published["styles"], styles):
        raise wrong(
            f"outputs() publishes {', '.join(published)} and not the styles of its samples: "
            "losses read them; return them as 'styles' beside the rest",
            subject.line(method="outputs"),
        )


def _check_average(
    subject: GeneratorSubject, network: StyleGenerator, latents: Tensor, labels: Tensor | None
) -> None:
    """The average style is a saved buffer [W]; it is recomputed, and truncation goes towards it."""
    at = subject.line("average_style", method="__init__")
    found = network.state_dict().get("average_style")
    if not isinstance(found, Tensor) or list(found.shape) != [network.style_dim]:
        raise wrong(
            f"average_style is no saved buffer [{network.style_dim}]: StyleGenerator registers "
            "it; call super().__init__(style_dim, style_layers) and leave it as it is",
            at,
        )
    try:
        recalibrate(network, [(latents, labels)])
        with seeded(0):
            drawn = subject.passed(truncated(network, 0.0), latents, labels)
    except Exception as error:
        raise wrong(
            f"the average style cannot be taken and drawn ({one_line(error)[:160]}): styles and "
            "synthesise take any number of rows; do not change average_style's shape or type",
            at,
        ) from error
    if not network.average_style.isfinite().all() or not drawn.isfinite().all():
        raise wrong("the average style draws NaN or infinity", at)
