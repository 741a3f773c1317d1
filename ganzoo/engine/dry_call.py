"""One call of both turns on copies, before a training starts, to report what does not fit."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ganzoo.engine.passes import DISCRIMINATOR, GENERATOR, make_round, unfrozen
from ganzoo.engine.randomness import TurnDraws
from ganzoo.engine.run.metrics import REAL_SCORES
from ganzoo.engine.setup import JudgedMinibatch, Log, Setup
from ganzoo.engine.state import TrainingState
from ganzoo.engine.terms import means_of, total_of
from ganzoo.errors import GanzooError, TrainingError, one_line


def dry_call(state: TrainingState, setup: Setup) -> frozenset[str]:
    """Play both turns once on copies; raises `TrainingError` where something does not fit.

    Returns the players whose terms hold a gradient that is differentiated again.
    """
    _check_state_is_tensors(state)
    trial, trainable = _copies(state, setup)
    logged: set[str] = set()
    with torch.random.fork_rng(devices=[]):
        setup.counters.seed_layers(0, "dry-call")
        batch = _judged_batch(trial, setup)
        _try_augmentations(trial, setup, batch.real)
        twice = set()
        with unfrozen(trainable):
            if _try_turn(trial, setup, batch, DISCRIMINATOR, lambda name, _: logged.add(name)):
                twice.add(DISCRIMINATOR)
        if _try_turn(trial, setup, batch, GENERATOR, lambda name, _: None):
            twice.add(GENERATOR)
    if REAL_SCORES not in logged and any(one.adaptive for one in trial.augmentations):
        raise TrainingError(
            "an adaptive augmentation needs the scores of real samples, and the loss "
            f"{setup.recipe.loss.name} does not log them; call round.log({REAL_SCORES!r}, scores)"
        )
    for name, buffer in trial.loss.named_buffers():
        if buffer.requires_grad:
            raise TrainingError(
                f"the loss {setup.recipe.loss.name} keeps a graph in its buffer {name!r}, which "
                "would grow for ever; detach the value before it is kept"
            )
    return frozenset(twice)


def held_bytes(state: TrainingState, setup: Setup) -> int:
    """Bytes beside the weights that a discriminator's turn holds for its backward pass.

    It is played on copies.
    """
    trial, trainable = _copies(state, setup)
    weights = {p.untyped_storage().data_ptr() for p in trial.discriminator.parameters()}
    held: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            held[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()  # itself would hold the graph that holds it

    with torch.random.fork_rng(devices=[]):
        setup.counters.seed_layers(0, "dry-call")
        with torch.no_grad():
            batch = _judged_batch(trial, setup)
        draws = TurnDraws(setup.counters, trial.turn, DISCRIMINATOR)
        round = make_round(trial, setup, batch, batch.fakes, draws, lambda name, values: None)
        hooks = torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor)
        with unfrozen(trainable), setup.precision(), hooks:
            trial.loss.discriminator(round)
    return sum(held.values())


def _check_state_is_tensors(state: TrainingState) -> None:
    """Refuse a network that keeps something that is no tensor (`get_extra_state`)."""
    for owner in (GENERATOR, DISCRIMINATOR):
        for name, value in getattr(state, owner).state_dict().items():
            if not isinstance(value, Tensor):
                raise TrainingError(
                    f"the {owner}'s state holds {name!r}, a {type(value).__name__}; checkpoints "
                    "and weights hold only tensors: leave get_extra_state out, or return a tensor"
                )


def _copies(
    state: TrainingState, setup: Setup
) -> tuple[TrainingState, tuple[torch.nn.Parameter, ...]]:
    """A state of copied modules, and the copies of the discriminator's trainable parameters."""
    generator, discriminator, loss, augmentations = copy.deepcopy(
        (state.generator, state.discriminator, state.loss, state.augmentations)
    )
    trial = replace(
        state,
        generator=generator,
        discriminator=discriminator,
        loss=loss,
        augmentations=augmentations,
    )
    pairs = zip(state.discriminator.parameters(), discriminator.parameters(), strict=True)
    chosen = {id(parameter) for parameter in setup.trainable}
    return trial, tuple(copied for own, copied in pairs if id(own) in chosen)


def _judged_batch(trial: TrainingState, setup: Setup) -> JudgedMinibatch:
    """A minibatch with fakes; raises where the networks do not publish what the loss needs."""
    share = setup.shares[0]
    real, labels = setup.real_batch(0, share)
    rng = setup.counters.rng(0, "dry-call")
    latents = trial.generator.sample_latents(len(real), rng=rng).to(setup.device)
    published = _outputs(trial, real, latents, labels)
    if missing := sorted(trial.loss.needs - published.keys()):
        raise TrainingError(
            f"the loss {setup.recipe.loss.name} needs the output {missing[0]!r}, and the "
            f"networks publish {', '.join(sorted(published))}; take networks that publish it, or "
            "another loss (a network of your own adds it in `outputs`)"
        )
    return JudgedMinibatch(share, real, labels, latents, published["samples"].float())


def _outputs(
    trial: TrainingState, real: Tensor, latents: Tensor, labels: Tensor | None
) -> dict[str, Tensor]:
    """What both networks publish, with the shapes of samples and scores checked."""
    made = _published(trial, GENERATOR, latents, labels)
    judged = _published(trial, DISCRIMINATOR, real, labels)
    if "samples" not in made or "scores" not in judged:
        raise TrainingError("`outputs` of a generator holds 'samples', of a discriminator 'scores'")
    if made["samples"].shape != real.shape:
        raise TrainingError(
            f"the generator makes {list(made['samples'].shape)}, real samples are "
            f"{list(real.shape)}; its sample_shape is {list(trial.generator.sample_shape)}"
        )
    scores = judged["scores"]
    if scores.dim() == 2 and scores.shape[1] == 1 and len(scores) > 1:
        raise TrainingError(
            f"the discriminator gives scores {list(scores.shape)}, which a loss may broadcast to "
            f"{[len(scores)] * 2}; one score for a sample is [N]: end with .squeeze(1)"
        )
    return {**made, **judged}


def _published(
    trial: TrainingState, player: str, inputs: Tensor, labels: Tensor | None
) -> dict[str, Tensor]:
    """What one network publishes; the error of its pass names it."""
    try:
        published: dict[str, Tensor] = getattr(trial, player).outputs(inputs, labels)
    except GanzooError:
        raise
    except Exception as error:
        raise TrainingError(
            f"the {player} fails on a batch of {len(inputs)}: {one_line(error)}{_hint(trial)}"
        ) from error
    return published


def _hint(trial: TrainingState) -> str:
    """The likely cause where only one player knows classes."""
    classes = (trial.generator.num_classes, trial.discriminator.num_classes)
    if classes.count(None) != 1:
        return ""
    return (
        f"; num_classes is {classes[0]} for the generator and {classes[1]} for the "
        "discriminator, and labels are passed where both have it"
    )


def _try_augmentations(trial: TrainingState, setup: Setup, real: Tensor) -> None:
    """Check that each augmentation keeps the shape of real samples."""
    place = (setup.device, setup.recipe.batch, setup.shares[0])
    for name, augmentation in zip(trial.augmentation_names, trial.augmentations, strict=True):
        try:
            made = augmentation(real, *setup.counters.draws(0, f"dry-call-{name}", *place))
        except GanzooError:
            raise
        except Exception as error:
            raise TrainingError(
                f"the augmentation {name} fails on samples of shape {list(real.shape[1:])}: "
                f"{one_line(error)}"
            ) from error
        if not isinstance(made, Tensor) or made.shape != real.shape:
            returned = list(made.shape) if isinstance(made, Tensor) else type(made).__name__
            raise TrainingError(
                f"the augmentation {name} makes {returned} of samples {list(real.shape)}; it must "
                "keep their shape"
            )


def _try_turn(
    trial: TrainingState, setup: Setup, batch: JudgedMinibatch, player: str, log: Log
) -> bool:
    """Play one turn up to its gradient; returns whether its terms hold a gradient themselves."""
    fakes = batch.fakes.detach() if player == DISCRIMINATOR else batch.fakes
    draws = TurnDraws(setup.counters, trial.turn, player)
    round = make_round(trial, setup, batch, fakes, draws, log)
    watch = _DoubleBackwardWatch()
    try:
        with setup.precision(), watch:
            terms = getattr(trial.loss, player)(round)
        if means := means_of(terms, player):
            total_of(means, player).backward()  # type: ignore[no-untyped-call]
    except GanzooError as error:
        raise TrainingError(f"{setup.recipe.loss.name}: {error}") from error
    except Exception as error:
        raise TrainingError(
            f"the loss {setup.recipe.loss.name} fails in the {player}'s turn: {one_line(error)}"
        ) from error
    return watch.seen


class _DoubleBackwardWatch(TorchFunctionMode):
    """Sets `seen` where a gradient is taken that can be differentiated again."""

    seen = False

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call the function; note an `autograd.grad` or `backward` that creates a graph."""
        kwargs = kwargs or {}
        if func in (torch.autograd.grad, Tensor.backward) and kwargs.get("create_graph"):
            self.seen = True
        return func(*args, **kwargs)
