"""Checks of an augmentation: shapes stay, draws are the run's, gradients pass through."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.errors import CheckError, GanzooError
from ganzoo.interfaces import Augmentation
from ganzoo.specs import Part
from ganzoo.testing.checks.loss import OTHER_DRAWS, TORCH_DRAWS
from ganzoo.testing.checks.state import copied, state_checked
from ganzoo.testing.failures import (
    Blocked,
    authors_line,
    refuses,
    remedy,
    short,
    signature_of,
    wrong,
)
from ganzoo.testing.game_data import opened
from ganzoo.testing.numerics import (
    equal,
    moved_states,
    random_states,
    relative_difference,
    seeded,
)
from ganzoo.testing.rounds import Draws, OtherDrawError
from ganzoo.testing.subjects import PartSubject

#: Samples of a batch, and shapes to try if the plugin has no data set that fits.
ROWS = 8
SHAPES: tuple[tuple[int, ...], ...] = ((3, 16, 16), (1, 16, 12), (2, 64), (2,))
#: Turns in which its state is watched.
TURNS = 8
ROUNDING = 1e-4


def check_changes(subject: PartSubject) -> str:
    """Samples come back in their shape, float32 and finite, and the given ones stay as they are."""
    samples = _fitting_samples(subject)
    given = samples.clone()
    changed = _changed(subject, subject.made(), samples, Draws(0))
    is_tensor = isinstance(changed, Tensor)
    if not is_tensor or changed.shape != samples.shape or changed.dtype != samples.dtype:
        found = f"{list(changed.shape)} {changed.dtype}" if is_tensor else type(changed).__name__
        raise subject.wrong(
            f"float32 {list(samples.shape)} become {found}, and the discriminator must be shown as "
            "many samples of the same shape: return the changed samples",
            "return",
        )
    if not changed.isfinite().all():
        raise subject.wrong(
            "changed samples hold NaN or infinity: look for a log, a root or a division at 0",
            r"\blog\(|sqrt|/|\*\*",
        )
    if not equal(given, samples):
        raise subject.wrong(
            "it changes the samples that it is given, which others read too: an operation in place "
            "(mul_, clamp_, x[...] = ...); use the one without the underscore",
            r"\w_\(|\]\s*[-+*/]?=[^=]|[-+*/]=",
        )
    return f"samples of shape {list(samples.shape[1:])}"


def check_draws(subject: PartSubject) -> None:
    """It draws by `uniform` and `normal` alone: equal draws make equal samples."""
    samples = _samples_for(subject)
    changed = []
    for seed in (1, 2):
        with seeded(seed):
            before = random_states()
            changed.append(_changed(subject, subject.made(), samples, Draws(0)))
            moved = moved_states(before, "torch", "numpy", "random")
        if moved:
            raise subject.wrong(
                f"it draws from the global generator of {moved[0]}, so no run could be repeated: "
                "draw with uniform(len(samples), ...) and normal(len(samples), ...)",
                f"{TORCH_DRAWS}|{OTHER_DRAWS}",
            )
    if not equal(*changed):
        raise subject.wrong(
            "equal samples and draws give different results: it draws from a source of its own; "
            "draw with uniform(len(samples), ...) and normal(len(samples), ...)",
            OTHER_DRAWS,
        )


def check_rows(subject: PartSubject) -> None:
    """Half of a batch, with its rows of the draws, changes as it does within the whole batch.

    So processes and micro-batches, which get their rows of the draws, change nothing.
    """
    samples = _samples_for(subject)
    draws = Draws(0)
    whole = _changed(subject, subject.made(), samples, draws)
    if not equal(whole, _changed(subject, subject.made(), samples, Draws(0))):
        raise Blocked("check_draws", "equal draws give different results")
    try:
        half = _changed(subject, subject.made(), samples[: ROWS // 2], Draws(0, draws.recorded))
    except OtherDrawError as error:
        raise subject.wrong(
            f"it asks for {error}, which are not the rows that it drew for a whole one: the first "
            "dimension of a draw belongs to the samples, so draw uniform(len(samples), ...); one "
            "draw for all is uniform(..., shared=True)",
            r"(uniform|normal)\(",
        ) from error
    if relative_difference(whole[: ROWS // 2], half) > ROUNDING:
        raise subject.wrong(
            "half of a batch is changed differently than within the whole batch, so micro-batches "
            "and processes change the result: it takes statistics of the batch, or mixes its "
            "samples; compute them for each sample",
            r"mean\(\)|std\(\)|mean\(0|std\(0|dim=0|roll\(|flip\(0",
        )


def check_differentiable(subject: PartSubject) -> None:
    """A gradient passes through to the samples, and so does the gradient of that gradient."""
    samples = _samples_for(subject).requires_grad_()
    changed = _changed(subject, subject.made(), samples, Draws(0))
    if not changed.requires_grad:
        raise subject.wrong(
            "no gradient reaches the samples, so the generator would learn nothing: it detaches "
            "them, or works under no_grad or in numpy",
            r"detach\(|no_grad|\.data\b|numpy\(",
        )
    try:
        (gradient,) = torch.autograd.grad(changed.pow(2).sum(), samples, create_graph=True)
        (second,) = torch.autograd.grad(gradient.pow(2).sum(), samples)
    except RuntimeError as error:
        raise subject.wrong(
            f"it cannot be differentiated twice ({short(error)}), and penalties such as R1 go "
            "through it: use operations that have a second derivative",
            r"grid_sample|\.apply\(|interpolate\(",
        ) from error
    for values, what in ((gradient, "the gradient"), (second, "the gradient of the gradient")):
        if not values.isfinite().all():
            raise subject.wrong(
                f"{what} holds NaN or infinity: a norm, a root or a log of 0; add a small number "
                "inside",
                r"norm\(|sqrt|\blog\(|\*\* ?0?\.5",
            )
    if not gradient.any():
        raise subject.wrong(
            "every gradient is 0: the samples are rounded or compared",
            r"round\(|floor\(|sign\(|[<>]=?",
        )


def check_keeps(subject: PartSubject) -> None:
    """What it keeps from turn to turn is in buffers that it replaces; scores are observed."""
    augmentation = copied(subject, subject.made())
    samples = _samples_for(subject)
    observes = type(augmentation).observe is not Augmentation.observe
    if augmentation.adaptive and not observes:
        raise subject.wrong(
            "adaptive is True, and observe is not there: write observe(self, scores), or leave "
            "adaptive out",
            "adaptive",
        )
    for number in range(TURNS):
        with state_checked(subject, augmentation, "a turn", "adapt"):
            _play(subject, augmentation, samples, number)
    if observes and not augmentation.adaptive and "adaptive" not in vars(augmentation):
        raise subject.wrong(
            "it has observe, which is never called while adaptive is False: write adaptive = True",
            r"def observe",
        )


def _play(subject: PartSubject, augmentation: Augmentation, samples: Tensor, number: int) -> None:
    """What an augmentation does in a turn, with scores of a confident discriminator."""
    _changed(subject, augmentation, samples, Draws(number))
    try:
        with torch.no_grad():
            augmentation.observe(torch.linspace(-0.1, 2, ROWS))
            augmentation.adapt(ROWS)
            for value in augmentation.figures().values():
                float(value)
    except Exception as error:
        raise wrong(
            f"observe, adapt or figures fails ({short(error, 200)}): scores are float32 [N], "
            "images an integer, and figures returns numbers by name",
            authors_line(error) or subject.line(),
        ) from error


def _samples_for(subject: PartSubject) -> Tensor:
    """A batch that it takes; if it takes none, `check_changes` reports it."""
    try:
        return _fitting_samples(subject)
    except CheckError as error:
        raise Blocked("check_changes", "it fails on samples") from error


def _fitting_samples(subject: PartSubject) -> Tensor:
    """A batch that it takes: from a data set of its plugin, otherwise of values in [-1, 1]."""
    augmentation: Augmentation = subject.made()
    if refuses(augmentation.forward, 3):
        raise subject.wrong(
            "forward is called with samples, uniform and normal, and is declared as "
            f"{signature_of(augmentation.forward)}: write def forward(self, samples, uniform, "
            "normal)"
        )
    dims = augmentation.sample_dims
    own = _own_samples(subject, dims)
    rng = torch.Generator().manual_seed(0)
    shapes = [shape for shape in SHAPES if dims in (None, len(shape))] or [(2,) * (dims or 1)]
    drawn = [torch.rand(ROWS, *shape, generator=rng) * 2 - 1 for shape in shapes]
    errors: list[Exception] = []
    for samples in [*own, *drawn]:
        try:
            with seeded(0):
                draws = Draws(0)
                subject.made()(samples.clone(), draws.uniform, draws.normal)
            return samples
        except Exception as error:
            errors.append(error)
    first = errors[0]
    hint = remedy(first)
    which = "of a data set of its plugin" if own else f"such as {list(shapes[0])}"
    problem = (
        f"it fails ({short(first, 200)}): {hint}"
        if hint
        else f"it fails on samples {which} ({short(first, 200)}): say how many dimensions a sample "
        "has that it takes, such as sample_dims = 3 for images"
    )
    raise wrong(problem, authors_line(first) or subject.line()) from first


def _own_samples(subject: PartSubject, dims: int | None) -> list[Tensor]:
    """A batch of each data set of its plugin that is here and has so many dimensions."""
    batches = []
    for offer in subject.world.registry.offers("dataset"):
        if offer.distribution == subject.offer.distribution:
            data = opened(subject.world, Part(offer.qualified))
            if data is not None and dims in (None, len(data.sample_shape)):
                batches.append(data.batch(torch.arange(ROWS) % len(data))[0])
    return batches


def _changed(
    subject: PartSubject, augmentation: Augmentation, samples: Tensor, draws: Draws
) -> Tensor:
    try:
        changed: Tensor = augmentation(samples, draws.uniform, draws.normal)
    except (OtherDrawError, GanzooError):
        raise
    except Exception as error:
        raise wrong(
            f"a batch of {len(samples)} fails ({short(error, 200)}): make forward take any number "
            "of samples",
            authors_line(error) or subject.line(),
        ) from error
    return changed
