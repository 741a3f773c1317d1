"""One call of both turns on copies, before a training starts, to say what does not fit."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ganzoo.engine.run.metrics import REAL
from ganzoo.engine.state import TrainingState
from ganzoo.engine.turns import (
    JudgedMinibatch,
    Log,
    Setup,
    make_round,
    means_of,
    total_of,
    unfrozen,
)
from ganzoo.errors import GanzooError, TrainingError, one_line


def dry_call(state: TrainingState, setup: Setup) -> frozenset[str]:
    """Play both turns once on copies, to say in one line what does not fit together.

    Returns whose turns take a gradient that is differentiated again.
    """
    _refuse_what_no_checkpoint_holds(state)
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
    logged: set[str] = set()
    pairs = zip(state.discriminator.parameters(), discriminator.parameters(), strict=True)
    chosen = {id(parameter) for parameter in setup.trainable}
    trainable = tuple(copied for own, copied in pairs if id(own) in chosen)
    with torch.random.fork_rng(devices=[]):
        setup.counters.seed_layers(0, "dry-call")
        share = setup.shares[0]
        real, labels = setup.real_batch(0, share)
        rng = setup.counters.rng(0, "dry-call")
        latents = generator.sample_latents(len(real), rng=rng).to(setup.device)
        published = _outputs(trial, real, latents, labels)
        if missing := sorted(state.loss.needs - published.keys()):
            raise TrainingError(
                f"the loss {setup.recipe.loss.name} needs the output {missing[0]!r}, and the "
                f"networks publish {', '.join(sorted(published))}; override `outputs` to add it"
            )
        _try_augmentations(trial, setup, real)
        played = JudgedMinibatch(share, real, labels, latents, published["samples"].float())
        with unfrozen(trainable):
            differentiated = _try_turn(
                trial, setup, played, "discriminator", lambda name, _: logged.add(name)
            )
        twice = {
            "discriminator": differentiated,
            "generator": _try_turn(trial, setup, played, "generator", lambda name, _: None),
        }
    if REAL not in logged and any(one.adaptive for one in augmentations):
        raise TrainingError(
            f"an adaptive augmentation follows the scores of real samples, which the loss "
            f"{setup.recipe.loss.name} does not log; it would call round.log({REAL!r}, scores)"
        )
    for name, buffer in loss.named_buffers():
        if buffer.requires_grad:
            raise TrainingError(
                f"the loss {setup.recipe.loss.name} keeps a graph in its buffer {name!r}, which "
                "would grow for ever; detach the value before it is kept"
            )
    return frozenset(mover for mover, found in twice.items() if found)


def _refuse_what_no_checkpoint_holds(state: TrainingState) -> None:
    """Say which network keeps something that is no tensor (`get_extra_state`)."""
    for owner in ("generator", "discriminator"):
        for name, value in getattr(state, owner).state_dict().items():
            if not isinstance(value, Tensor):
                raise TrainingError(
                    f"the {owner}'s state holds {name!r}, a {type(value).__name__}: checkpoints "
                    "and weights hold tensors alone; leave get_extra_state out, or return a tensor"
                )


def _outputs(
    trial: TrainingState, real: Tensor, latents: Tensor, labels: Tensor | None
) -> dict[str, Tensor]:
    """What both networks publish, with the shapes of samples and scores checked."""
    try:
        made = trial.generator.outputs(latents, labels)
        judged = trial.discriminator.outputs(real, labels)
    except GanzooError:
        raise
    except Exception as error:
        raise TrainingError(
            f"a network fails on a batch of {len(real)}: {one_line(error)}{_hint(trial)}"
        ) from error
    if "samples" not in made or "scores" not in judged:
        raise TrainingError("`outputs` of a generator holds 'samples', of a discriminator 'scores'")
    if made["samples"].shape != real.shape:
        raise TrainingError(
            f"the generator makes {list(made['samples'].shape)}, real samples are "
            f"{list(real.shape)}; its sample_shape says {list(trial.generator.sample_shape)}"
        )
    return {**made, **judged}


def _try_augmentations(trial: TrainingState, setup: Setup, real: Tensor) -> None:
    """What each augmentation makes of real samples: as many, of their shape."""
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
            found = list(made.shape) if isinstance(made, Tensor) else type(made).__name__
            raise TrainingError(
                f"the augmentation {name} makes {found} of samples {list(real.shape)}; it keeps "
                "their shape"
            )


def _hint(trial: TrainingState) -> str:
    """The likely cause where only one player knows classes."""
    classes = (trial.generator.num_classes, trial.discriminator.num_classes)
    if classes.count(None) != 1:
        return ""
    return (
        f"; num_classes is {classes[0]} for the generator and {classes[1]} for the "
        "discriminator, and labels are passed where both have it"
    )


def _try_turn(
    trial: TrainingState, setup: Setup, played: JudgedMinibatch, mover: str, log: Log
) -> bool:
    """One player's turn, as far as its gradients; whether its terms hold gradients themselves."""
    fakes = played.fakes.detach() if mover == "discriminator" else played.fakes
    round = make_round(trial, setup, played, fakes, log, mover)
    watch = _GraphsOfGradients()
    try:
        with setup.precision(), watch:
            terms = getattr(trial.loss, mover)(round)
        if means := means_of(terms, mover):
            total_of(means, mover).backward()  # type: ignore[no-untyped-call]
    except GanzooError as error:
        raise TrainingError(f"{setup.recipe.loss.name}: {error}") from error
    except Exception as error:
        raise TrainingError(
            f"the loss {setup.recipe.loss.name} fails in the {mover}'s turn: {one_line(error)}"
        ) from error
    return watch.found


class _GraphsOfGradients(TorchFunctionMode):
    """Inside, `found` becomes true where a gradient is taken that can be differentiated again."""

    found = False

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Look at `autograd.grad` and `backward`, and pass on everything."""
        kwargs = kwargs or {}
        if func in (torch.autograd.grad, Tensor.backward) and kwargs.get("create_graph"):
            self.found = True
        return func(*args, **kwargs)
