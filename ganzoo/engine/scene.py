"""A scene of a game in the plane: where points lie, what the discriminator thinks, who is pushed.

What GAN Lab (Kahng et al. 2018, arXiv 1809.01587) shows of a two-dimensional game. A scene is taken
from copies of the networks in eval mode, so that the training goes on as if nobody had looked. Its
samples and latents are the same each time, so that scenes differ by what was learnt alone.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganzoo.engine.passes import GENERATOR, make_fakes, make_round
from ganzoo.engine.randomness import TurnDraws
from ganzoo.engine.setup import JudgedMinibatch, Minibatch, Setup
from ganzoo.engine.state import TrainingState
from ganzoo.engine.terms import means_of, total_of
from ganzoo.sampling import seeded_layers
from ganzoo.seeds import derive

#: Points along a side of the lattice on which the discriminator is asked, real samples and fakes in
#: a scene at most, and lines of the mesh of latents in each direction.
LATTICE, SHOWN, MESH = 40, 256, 21
#: The side of the region shown, over that of the data's bounding box.
MARGIN = 1.5
#: Samples and latents from which the region and the mesh are found; labels that are averaged over.
LOOKED_AT, LABELS = 4096, 8


@dataclass(frozen=True)
class Stage:
    """What all scenes of a run share.

    `region` [2, 2] holds the low and the high corner; `lattice` [LATTICE^2, 2] is row by row from
    the bottom left. `mesh` [MESH^2, 2] are latents between which equally many are drawn, None
    unless the generator takes two and no labels.
    """

    region: Tensor
    lattice: Tensor
    mesh: Tensor | None
    batch: Minibatch


def in_plane(setup: Setup) -> bool:
    """Whether samples are points of the plane."""
    return tuple(setup.data.sample_shape) == (2,)


def make_stage(state: TrainingState, setup: Setup) -> Stage:
    """Choose the region by the data, and samples and latents by the run's seed."""
    data, _ = setup.data.batch(torch.arange(min(LOOKED_AT, len(setup.data))))
    low, high = data.float().amin(0), data.float().amax(0)
    reach = max(float((high - low).max()) * MARGIN / 2, 1e-6)
    region = torch.stack([(low + high) / 2 - reach, (low + high) / 2 + reach]).to(setup.device)
    places = (torch.arange(LATTICE, device=setup.device) + 0.5) / LATTICE
    unit = torch.cartesian_prod(places, places).flip(1)
    real, labels = setup.real_batch(0, setup.shares[0])
    rng = torch.Generator().manual_seed(derive(setup.recipe.seed, "scene"))
    latents = state.generator.sample_latents(max(LOOKED_AT, len(real)), rng=rng).to(setup.device)
    return Stage(
        region=region,
        lattice=region[0] + unit * (region[1] - region[0]),
        mesh=_mesh(latents) if state.generator.latent_dim == 2 and labels is None else None,
        batch=Minibatch(setup.shares[0], real, labels, latents[: len(real)]),
    )


def scene_of(state: TrainingState, setup: Setup, stage: Stage) -> dict[str, Tensor]:
    """A scene as float32 tensors on the CPU.

    `region` [2, 2]; `real`, `fake` and `push` [n, 2], the last the negative gradient of what the
    generator minimises with respect to each fake, times the batch; `heat` [LATTICE, LATTICE] and
    `real_scores`, `fake_scores` [n], raw scores; `mesh` [MESH, MESH, 2], the samples of the stage's
    mesh. Scores are absent where a sample has none of its own (packs), `push` where the generator's
    terms don't depend on the fakes, `mesh` where the stage has none.
    """
    trial, batch = _copies(state), stage.batch
    with seeded_layers(derive(setup.recipe.seed, "scene-layers"), setup.device):
        fakes = make_fakes(trial, setup, batch, keep_graph=False)
        tensors = {"region": stage.region, "real": batch.real, "fake": fakes}
        if (push := _push(trial, setup, batch, fakes)) is not None:
            tensors["push"] = push
        with torch.no_grad(), setup.precision():
            if (heat := _heat(trial, stage)) is not None:
                tensors["heat"] = heat
                tensors["real_scores"] = _scores(trial, batch.real, batch.labels)
                tensors["fake_scores"] = _scores(trial, fakes, batch.labels)
            if stage.mesh is not None:
                tensors["mesh"] = trial.generator(stage.mesh).reshape(MESH, MESH, 2)
    return {name: tensor.detach()[:SHOWN].float().cpu() for name, tensor in tensors.items()}


def _mesh(latents: Tensor) -> Tensor:
    """A mesh [MESH^2, 2] whose lines cut latents [n, 2] into strips of equally many."""
    shares = (torch.arange(MESH, device=latents.device) + 0.5) / MESH
    across, along = latents.quantile(shares, 0).unbind(1)
    return torch.cartesian_prod(along, across).flip(1)


def _copies(state: TrainingState) -> TrainingState:
    """The state with copies of its modules; both networks in eval mode."""
    generator, discriminator, loss, augmentations = copy.deepcopy(
        (state.generator, state.discriminator, state.loss, state.augmentations)
    )
    return replace(
        state,
        generator=generator.eval(),
        discriminator=discriminator.eval(),
        loss=loss,
        augmentations=augmentations,
    )


def _push(trial: TrainingState, setup: Setup, batch: Minibatch, fakes: Tensor) -> Tensor | None:
    """Where the generator's terms push each fake, [N, 2]; None where they leave fakes alone."""
    fakes = fakes.detach().requires_grad_()
    judged = JudgedMinibatch(batch.share, batch.real, batch.labels, batch.latents, fakes)
    draws = TurnDraws(setup.counters, trial.turn, "scene")
    round = make_round(trial, setup, judged, fakes, draws, lambda name, values: None)
    with setup.precision():
        means = means_of(trial.loss.generator(round), GENERATOR)
    if not means:
        return None
    (gradient,) = torch.autograd.grad(total_of(means, GENERATOR), [fakes], allow_unused=True)
    return None if gradient is None else -gradient * len(fakes)


def _heat(trial: TrainingState, stage: Stage) -> Tensor | None:
    """Scores on the lattice, the mean over some labels; None where samples are judged in packs."""
    labels, maps = stage.batch.labels, []
    for label in [None] if labels is None else _some(labels, trial.discriminator.num_classes):
        everywhere = None if label is None else label.expand(len(stage.lattice), *label.shape)
        scores = _scores(trial, stage.lattice, everywhere)
        if len(scores) != len(stage.lattice):
            return None
        maps.append(scores)
    return torch.stack(maps).mean(0).reshape(LATTICE, LATTICE)


def _some(labels: Tensor, num_classes: int | None) -> Tensor:
    """A few labels: the first conditions, or classes with equal gaps."""
    if num_classes is None:
        return labels[:LABELS]
    return torch.arange(0, num_classes, -(-num_classes // LABELS), device=labels.device)


def _scores(trial: TrainingState, samples: Tensor, labels: Tensor | None) -> Tensor:
    """Raw scores, the mean over patches or scales: [N], or [N / m] for packs of m."""
    scores: Tensor = trial.discriminator(samples, labels).float()
    return scores.reshape(len(scores), -1).mean(1)
