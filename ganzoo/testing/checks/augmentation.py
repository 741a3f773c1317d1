"""Checks of an augmentation: shapes stay, draws are the run's, gradients go through."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from ganzoo.errors import CheckError, GanzooError, one_line
from ganzoo.interfaces import Augmentation
from ganzoo.specs import Part
from ganzoo.testing.causes import refuses, remedy, written
from ganzoo.testing.checks.loss import OTHER_DRAWS, TORCH_DRAWS
from ganzoo.testing.checks.state import plain_state, same_state
from ganzoo.testing.failures import Blocked, authors_line, wrong
from ganzoo.testing.game_data import opened
from ganzoo.testing.numerics import apart, equal, moved_states, random_states, seeded
from ganzoo.testing.subjects import AugmentationSubject

#: Samples of a batch, and what stands in where the plugin has no data set that fits.
ROWS = 8
SHAPES: tuple[tuple[int, ...], ...] = ((3, 16, 16), (1, 16, 12), (2, 64), (2,))
#: Turns in which what an augmentation keeps is looked at.
TURNS = 8
ROUNDING = 1e-4


class Draws:
    """The run's randomness: it keeps what it hands out, for a half of the batch to have again."""

    def __init__(self, seed: int, kept: list[tuple[str, Tensor, bool]] | None = None) -> None:
        self._rng = torch.Generator().manual_seed(seed)
        self._rest = None if kept is None else list(kept)
        self.kept: list[tuple[str, Tensor, bool]] = []

    def uniform(self, *shape: int, shared: bool = False) -> Tensor:
        """Values in [0, 1)."""
        return self._draw("uniform", shape, shared)

    def normal(self, *shape: int, shared: bool = False) -> Tensor:
        """Standard normal values."""
        return self._draw("normal", shape, shared)

    def _draw(self, make: str, shape: tuple[int, ...], shared: bool) -> Tensor:
        if self._rest is not None:
            return self._half(make, shape, shared)
        drawn = (torch.rand if make == "uniform" else torch.randn)(shape, generator=self._rng)
        self.kept.append((make, drawn, shared))
        return drawn.clone()

    def _half(self, make: str, shape: tuple[int, ...], shared: bool) -> Tensor:
        """The first half of the rows that were drawn for the whole batch."""
        known, drawn, was_shared = self._rest.pop(0) if self._rest else ("", torch.empty(0), False)
        half = drawn if shared or not shape else drawn[: len(drawn) // 2]
        if (known, tuple(half.shape), was_shared) != (make, shape, shared):
            raise _OtherDrawError(f"{make}{shape} for half of a batch")
        return half.clone()


class _OtherDrawError(Exception):
    """A draw that does not go with the samples."""


def check_changes(subject: AugmentationSubject) -> str:
    """Samples come back in their shape, float32 and finite, and the given ones stay as they are."""
    samples = _fitting_samples(subject)
    given = samples.clone()
    made = _made(subject, _built(subject), samples, Draws(0))
    if not isinstance(made, Tensor) or made.shape != samples.shape or made.dtype != samples.dtype:
        is_tensor = isinstance(made, Tensor)
        found = f"{list(made.shape)} {made.dtype}" if is_tensor else type(made).__name__
        raise wrong(
            f"float32 {list(samples.shape)} become {found}: the discriminator is shown as many "
            "samples of their shape; return the changed samples",
            subject.line("return"),
        )
    if not made.isfinite().all():
        raise wrong(
            "changed samples hold NaN or infinity: look for a log, a root or a division at 0",
            subject.line(r"\blog\(|sqrt|/|\*\*"),
        )
    if not equal(given, samples):
        raise wrong(
            "it changes the samples that it is given, which others look at too: an operation in "
            "place (mul_, clamp_, x[...] = ...); take the one without the underscore",
            subject.line(r"\w_\(|\]\s*[-+*/]?=[^=]|[-+*/]="),
        )
    return f"samples of shape {list(samples.shape[1:])}"


def check_draws(subject: AugmentationSubject) -> None:
    """It draws by `uniform` and `normal` alone: equal draws make equal samples."""
    samples = samples_for(subject)
    made = []
    for seed in (1, 2):
        with seeded(seed):
            before = random_states()
            made.append(_made(subject, _built(subject), samples, Draws(0)))
            moved = moved_states(before, "torch", "numpy", "random")
        if moved:
            raise wrong(
                f"it draws from the global generator of {moved[0]}, so that no run could be "
                "repeated: draw with uniform(len(samples), ...) and normal(len(samples), ...)",
                subject.line(f"{TORCH_DRAWS}|{OTHER_DRAWS}"),
            )
    if not equal(*made):
        raise wrong(
            "equal samples and draws come out different: it draws from a source of its own; draw "
            "with uniform(len(samples), ...) and normal(len(samples), ...)",
            subject.line(OTHER_DRAWS),
        )


def check_rows(subject: AugmentationSubject) -> None:
    """Half of a batch, with its rows of the draws, is changed as it is within the whole batch.

    So processes and micro-batches, which have their rows of the draws, change nothing.
    """
    samples = samples_for(subject)
    draws = Draws(0)
    whole = _made(subject, _built(subject), samples, draws)
    try:
        half = _made(subject, _built(subject), samples[: ROWS // 2], Draws(0, draws.kept))
    except _OtherDrawError as error:
        raise wrong(
            f"it asks for {error}, and these are not the rows of what it drew for a whole one: "
            "the first dimension of a draw goes with the samples, so draw "
            "uniform(len(samples), ...); what is one for all is uniform(..., shared=True)",
            subject.line(r"(uniform|normal)\("),
        ) from error
    if apart(whole[: ROWS // 2], half) > ROUNDING:
        raise wrong(
            "half of a batch is changed in another way than within the whole batch, so that "
            "micro-batches and processes change the result: it takes statistics of the batch, or "
            "mixes its samples; compute them for each sample",
            subject.line(r"mean\(\)|std\(\)|mean\(0|std\(0|dim=0|roll\(|flip\(0"),
        )


def check_differentiable(subject: AugmentationSubject) -> None:
    """A gradient goes through to the samples, and so does the gradient of that gradient."""
    samples = samples_for(subject).requires_grad_()
    made = _made(subject, _built(subject), samples, Draws(0))
    if not made.requires_grad:
        raise wrong(
            "no gradient reaches the samples, so the generator would learn nothing: it detaches "
            "them, or works under no_grad or in numpy",
            subject.line(r"detach\(|no_grad|\.data\b|numpy\("),
        )
    try:
        (gradient,) = torch.autograd.grad(made.pow(2).sum(), samples, create_graph=True)
        (second,) = torch.autograd.grad(gradient.pow(2).sum(), samples)
    except RuntimeError as error:
        raise wrong(
            f"it cannot be differentiated twice ({one_line(error)[:160]}), and penalties such as "
            "R1 go through it: take operations that have a second derivative",
            subject.line(r"grid_sample|\.apply\(|interpolate\("),
        ) from error
    for values, said in ((gradient, "the gradient"), (second, "the gradient of the gradient")):
        if not values.isfinite().all():
            raise wrong(
                f"{said} holds NaN or infinity: a norm, a root or a log at 0; add a small number "
                "within",
                subject.line(r"norm\(|sqrt|\blog\(|\*\* ?0?\.5"),
            )
    if not gradient.any():
        raise wrong(
            "every gradient is 0: something rounds or compares the samples",
            subject.line(r"round\(|floor\(|sign\(|[<>]=?"),
        )


def check_keeps(subject: AugmentationSubject) -> None:
    """What it keeps from turn to turn is in buffers that it replaces; scores are observed."""
    augmentation = _copied(subject, _built(subject))
    samples = samples_for(subject)
    watches = type(augmentation).observe is not Augmentation.observe
    if augmentation.adaptive and not watches:
        raise wrong(
            "adaptive is True, and observe is not there: write observe(self, scores), or leave "
            "adaptive out",
            subject.line("adaptive"),
        )
    kept = plain_state(augmentation)
    for number in range(TURNS):
        buffers = dict(augmentation.named_buffers())
        before = {name: (b, b.clone(), b._version) for name, b in buffers.items()}
        _play(subject, augmentation, samples, number)
        _check_buffers(subject, augmentation, before)
        for name, value in plain_state(augmentation).items():
            if name not in kept or not same_state(kept[name], value):
                raise wrong(
                    f"a turn changes self.{name}, which no checkpoint holds: a run that goes on "
                    f'would begin again with it; self.register_buffer("{name}", ...) in __init__, '
                    "and replace it",
                    subject.line(rf"self\.{name}\b.*=", "adapt"),
                )
    if watches and not augmentation.adaptive and "adaptive" not in vars(augmentation):
        raise wrong(
            "it has observe, and nobody calls that while adaptive is False: write adaptive = True",
            subject.line(r"def observe"),
        )


def _play(
    subject: AugmentationSubject, augmentation: Augmentation, samples: Tensor, number: int
) -> None:
    """A turn, as far as it concerns an augmentation: scores are those of a sure discriminator."""
    _made(subject, augmentation, samples, Draws(number))
    try:
        with torch.no_grad():
            augmentation.observe(torch.linspace(-0.1, 2, ROWS))
            augmentation.adapt(ROWS)
            for value in augmentation.figures().values():
                float(value)
    except Exception as error:
        raise wrong(
            f"observe, adapt or figures fails ({one_line(error)[:200]}): scores are float32 [N], "
            "images a number, figures name numbers",
            authors_line(error) or subject.line(),
        ) from error


def _check_buffers(
    subject: AugmentationSubject,
    augmentation: Augmentation,
    before: dict[str, tuple[Tensor, Tensor, int]],
) -> None:
    for name, now in augmentation.named_buffers():
        if now.requires_grad:
            raise wrong(
                f"a turn keeps a graph in the buffer {name!r}, which would grow with every turn: "
                f"write self.{name} = (...).detach()",
                subject.line(rf"self\.{name}\s*="),
            )
        then, value, version = before.get(name, (None, now, 0))
        if now is then and (now._version != version or not equal(now, value)):
            raise wrong(
                f"a turn edits the buffer {name!r} in place, so that micro-batches would add up: "
                f"replace it: self.{name} = self.{name} + ...",
                subject.line(rf"self\.{name}(\.\w+_\(|\[|\.data|\s*[-+*/]=)"),
            )


def samples_for(subject: AugmentationSubject) -> Tensor:
    """A batch that it takes; where it takes none, `check_changes` says so."""
    try:
        return _fitting_samples(subject)
    except CheckError as error:
        raise Blocked("check_changes", "it fails on samples") from error


def _fitting_samples(subject: AugmentationSubject) -> Tensor:
    """A batch that it takes: of a data set of its plugin, else of values in [-1, 1]."""
    augmentation = _built(subject)
    if refuses(augmentation.forward, 3):
        raise wrong(
            "forward is called with samples, uniform and normal, and it is written "
            f"{written(augmentation.forward)}: write def forward(self, samples, uniform, normal)",
            subject.line(),
        )
    dims = augmentation.sample_dims
    own = _own_samples(subject, dims)
    rng = torch.Generator().manual_seed(0)
    shapes = [shape for shape in SHAPES if dims in (None, len(shape))] or [(2,) * (dims or 1)]
    drawn = [torch.rand(ROWS, *shape, generator=rng) * 2 - 1 for shape in shapes]
    failed: Exception | None = None
    for samples in [*own, *drawn]:
        try:
            with seeded(0):
                draws = Draws(0)
                _built(subject)(samples.clone(), draws.uniform, draws.normal)
            return samples
        except Exception as error:
            failed = failed or error
    assert failed is not None
    if hint := remedy(failed):
        said = f"it fails ({one_line(failed)[:200]}): {hint}"
        raise wrong(said, authors_line(failed) or subject.line()) from failed
    said = "of a data set of its plugin" if own else f"such as {list(shapes[0])}"
    raise wrong(
        f"it fails on samples {said} ({one_line(failed)[:200]}): say how many dimensions a sample "
        "has that it takes, such as sample_dims = 3 for images",
        authors_line(failed) or subject.line(),
    ) from failed


def _own_samples(subject: AugmentationSubject, dims: int | None) -> list[Tensor]:
    """A batch of each data set of its plugin that is here, if its samples have those dimensions."""
    found = []
    for entry in subject.world.registry.offers("dataset"):
        if entry.distribution == subject.entry.distribution:
            data = opened(subject.world, Part(entry.qualified))
            if data is not None and len(data) and dims in (None, len(data.sample_shape)):
                found.append(data.batch(torch.arange(ROWS) % len(data))[0])
    return found


def _made(
    subject: AugmentationSubject, augmentation: Augmentation, samples: Tensor, draws: Draws
) -> Tensor:
    try:
        made: Tensor = augmentation(samples, draws.uniform, draws.normal)
    except (_OtherDrawError, GanzooError):
        raise
    except Exception as error:
        raise wrong(
            f"a batch of {len(samples)} fails ({one_line(error)[:200]}): make forward take any "
            "number of samples",
            authors_line(error) or subject.line(),
        ) from error
    return made


def _built(subject: AugmentationSubject) -> Augmentation:
    made = subject.made()
    if not isinstance(made, Augmentation):
        raise Blocked("check_builds", "it is no ganzoo.Augmentation")
    return made


def _copied(subject: AugmentationSubject, augmentation: Augmentation) -> Augmentation:
    """A copy, as the engine takes one before a run."""
    try:
        return copy.deepcopy(augmentation)
    except Exception as error:
        raise wrong(
            f"copy.deepcopy of it fails ({one_line(error)[:160]}), and the engine tries a copy "
            "before a run: a lock, a file or a generator is kept on self; make it where it is used",
            subject.line(r"self\.\w+\s*=", "__init__"),
        ) from error
