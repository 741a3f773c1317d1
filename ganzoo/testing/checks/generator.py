"""Checks of generators alone: latents, the range of samples, styles."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.ema import recalibrate
from ganzoo.interfaces import StyleGenerator
from ganzoo.testing.checks.discriminator import SIGMOID, TRIES
from ganzoo.testing.failures import refuses, short, signature_of
from ganzoo.testing.network_subjects import GeneratorSubject
from ganzoo.testing.numerics import equal, moved_states, random_states, seeded, shake
from ganzoo.truncation import truncated

#: Latents that are drawn, and samples whose range and whose styles are looked at.
LATENTS, ROWS, STYLED = 7, 16, 5
#: How far beyond its range rounding may take a value, in halves of the range.
SLACK = 1e-3
DRAWING = r"torch\.rand|randperm|bernoulli|dropout|multinomial"


def check_latents(subject: GeneratorSubject) -> None:
    """`sample_latents` draws [n, D] in float32 from the generator that it is given."""
    network = subject.network()
    if refuses(network.sample_latents, 1, rng=None):
        raise subject.wrong(
            "sample_latents is called with n and rng=..., and is declared as "
            f"{signature_of(network.sample_latents)}: write def sample_latents(self, n, *, rng)",
            method="sample_latents",
        )
    before = random_states()
    first, again, other = (
        network.sample_latents(LATENTS, rng=torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    )
    moved = moved_states(before, "torch", "numpy", "random")
    problem, promised = "", [LATENTS, network.latent_dim]
    if moved or not equal(first, again):
        problem = (
            f"sample_latents draws from {moved[0] if moved else 'another source'} and not from "
            "`rng`, so latents are no function of the seed: pass generator=rng to every "
            "torch.rand and torch.randn"
        )
    elif list(first.shape) != promised or first.dtype != torch.float32:
        problem = (
            f"sample_latents({LATENTS}) gives {list(first.shape)} {first.dtype}, and float32 "
            f"{promised} is promised by latent_dim = {network.latent_dim}: change one of the two"
        )
    elif network.latent_dim and equal(first, other):
        problem = "sample_latents gives the same latents under every seed: draw them"
    if problem:
        raise subject.wrong(problem, method="sample_latents")


def check_range(subject: GeneratorSubject) -> str:
    """In eval mode samples lie in the data's range whatever the weights are, and fill both halves.

    Images lie in [-1, 1]. Nothing is required if the data states no range.
    """
    span = _span(subject)
    if span is None:
        return "the data states no range"
    low, high = span
    values = torch.cat([_samples(subject, seed) for seed in range(TRIES)])
    least, most = float(values.min()), float(values.max())
    slack, middle = SLACK * (high - low) / 2, (low + high) / 2
    if least < low - slack or most > high + slack:
        raise subject.wrong(
            f"samples reach from {least:.3g} to {most:.3g}, and the data lies in [{low:g}, "
            f"{high:g}]: nothing holds them there once weights grow; end in nn.Tanh() (scaled to "
            "the range), or clamp them in eval mode",
            r"Sequential\(|self\.layers|return",
        )
    if least >= middle - slack or most <= middle + slack:
        half = "upper" if least >= middle - slack else "lower"
        raise subject.wrong(
            f"all samples lie in the {half} half, from {least:.3g} to {most:.3g}, and the data "
            f"fills [{low:g}, {high:g}]: they seem to end in a sigmoid or a relu; end in "
            "nn.Tanh(), or return 2 * x - 1 for x in [0, 1]",
            SIGMOID + r"|ReLU|relu",
        )
    return f"in [{low:g}, {high:g}]"


def _span(subject: GeneratorSubject) -> tuple[float, float] | None:
    """The range of the generator's data; [-1, 1] for images without data."""
    if subject.data is not None:
        return subject.data.value_range
    shape = subject.network().sample_shape
    return (-1.0, 1.0) if len(shape) == 3 and shape[0] in (1, 3) else None


def _samples(subject: GeneratorSubject, seed: int) -> Tensor:
    """Finite values of samples of a network, shaken except under seed 0."""
    network = subject.network()
    if seed:
        shake(network, seed)
    with seeded(seed):
        samples = subject.passed(network, *subject.batch(network, ROWS, seed)).flatten()
    return samples[samples.isfinite()]


# --- Styles: what truncation, mixing and walks rely on -------------------------------------------


@dataclass(frozen=True)
class Styled:
    """A generator with styles, and a batch."""

    subject: GeneratorSubject
    network: StyleGenerator
    latents: Tensor
    labels: Tensor | None


def check_styles(subject: GeneratorSubject) -> str:
    """Styles are [N, L, W] and depend on the latents alone; samples depend on the styles alone.

    `average_style` [W] is saved with the weights and can be recomputed.
    """
    network = subject.steady()
    if not isinstance(network, StyleGenerator):
        return "no styles"
    styled = Styled(subject, network, *subject.batch(network, STYLED))
    styles = _styles(styled)
    _check_samples(styled, styles)
    _check_published(styled, styles)
    _check_average(styled)
    return f"[{network.style_layers}, {network.style_dim}]"


def _styles(it: Styled) -> Tensor:
    """The styles of the batch: of their shape, and drawn from nothing else."""
    with torch.no_grad(), seeded(0):
        styles = it.network.styles(it.latents, it.labels)
        again = it.network.styles(it.latents, it.labels)
    promised = [len(it.latents), it.network.style_layers, it.network.style_dim]
    if list(styles.shape) != promised or styles.dtype != torch.float32:
        raise it.subject.wrong(
            f"styles gives {styles.dtype} {list(styles.shape)} for {len(it.latents)} latents, and "
            f"float32 {promised} is promised, [N, style_layers, style_dim]: expand a style that "
            "all layers share",
            method="styles",
        )
    if not equal(styles, again):
        raise it.subject.wrong(
            "styles of the same latents differ in eval mode: mixing and dropout belong in "
            "training; draw only `if self.training`",
            DRAWING,
            "styles",
        )
    return styles


def _check_samples(it: Styled, styles: Tensor) -> None:
    """`synthesise` uses nothing from an earlier pass."""
    other, _ = it.subject.batch(it.network, STYLED, seed=1)
    with torch.no_grad():
        it.network.styles(other, it.labels)  # what the network keeps of a pass is now another's
        with seeded(0):
            drawn = it.network.synthesise(styles, it.labels)
    with seeded(0):
        whole = it.subject.passed(it.network, it.latents, it.labels)
    if not equal(drawn, whole):
        raise it.subject.wrong(
            "synthesise(styles) differs from what forward makes of the same latents: it reads "
            "something that styles() keeps on self, so edited styles would draw another picture; "
            "put everything that it needs into the styles",
            r"self\.\w+\s*=",
            "synthesise",
        )


def _check_published(it: Styled, styles: Tensor) -> None:
    """`outputs` publishes the styles, which losses read."""
    with seeded(0):
        published = it.subject.outputs_of(it.network, it.latents, it.labels)
    if "styles" not in published or not equal(published["styles"], styles):
        raise it.subject.wrong(
            f"outputs() publishes {', '.join(published)} and not the styles of its samples, which "
            "losses read: return them as 'styles' beside the rest",
            method="outputs",
        )


def _check_average(it: Styled) -> None:
    """The average style is a saved buffer [W] that can be recomputed and drawn."""
    network, problem = it.network, ""
    average = network.state_dict().get("average_style")
    if not isinstance(average, Tensor) or list(average.shape) != [network.style_dim]:
        raise it.subject.wrong(
            f"average_style is no saved buffer [{network.style_dim}], which StyleGenerator "
            "registers: call super().__init__(style_dim, style_layers) and leave it unchanged",
            "average_style",
            "__init__",
        )
    try:
        recalibrate(network, [(it.latents, it.labels)])
        with seeded(0):
            drawn = it.subject.passed(truncated(network, 0.0), it.latents, it.labels)
    except Exception as error:
        problem = (
            f"the average style cannot be computed and drawn ({short(error)}): make styles and "
            "synthesise take any number of rows; do not change average_style's shape or type"
        )
    else:
        if not network.average_style.isfinite().all() or not drawn.isfinite().all():
            problem = "the average style, or what it draws, holds NaN or infinity"
    if problem:
        raise it.subject.wrong(problem, "average_style", "__init__")
