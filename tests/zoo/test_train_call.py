"""`ganzoo.train`: what the command does, as a call; and parts of one's own."""

from __future__ import annotations

import functools
import hashlib
import os
import signal
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.testing import assert_close

import commands
import ganzoo
from ganzoo.errors import GanzooError, PartError, UnknownNameError, UnknownOptionError, UsageError
from ganzoo.losses import relativistic
from ganzoo.plugins import local

RING = {"data": "ring", "images": 640, "batch": 64, "quiet": True, "log_every": 128}


class Line(ganzoo.Generator):
    """Latents [N, 2] through one layer."""

    latent_dim, sample_shape = 2, (2,)

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 2))

    def forward(self, latents, labels=None):
        return self.layers(latents)


class Judge(ganzoo.Discriminator):
    """Points [N, 2] through one layer."""

    sample_shape = (2,)

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))

    def forward(self, samples, labels=None):
        return self.layers(samples).flatten()


class Own(ganzoo.Loss):
    """The relativistic game."""

    def discriminator(self, round):
        real = round.discriminator(round.real)
        return {"game": relativistic(real, round.discriminator(round.fake))}

    def generator(self, round):
        real = round.discriminator(round.real)
        return {"game": relativistic(round.discriminator(round.fake), real)}


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    """No test sees the parts that another gave."""
    monkeypatch.setattr(local, "_given", {})


def weights_of(folder: Path) -> str:
    return hashlib.sha256((folder / "export" / "model.safetensors").read_bytes()).hexdigest()


def test_a_call_gives_the_bits_of_the_command_and_goes_on_with_its_run(tmp_path):
    words = "train dcgan-mnist --data mnist-mini --images 128 --quiet --batch 16 --seed 3 --out"
    command = [*words.split(), str(tmp_path / "a")]
    assert commands.ganzoo(*command) == 0
    call = functools.partial(
        ganzoo.train, "dcgan-mnist", data="mnist-mini", batch=16, seed=3, quiet=True
    )
    run = call(images=128, out=tmp_path / "b")
    assert weights_of(tmp_path / "a") == weights_of(tmp_path / "b")
    assert (run.state, run.images) == ("finished", 128)
    longer = call(images=160, out=tmp_path / "a")  # the command's run
    assert longer.images == 160


def test_parts_of_ones_own_train_resume_and_sample(tmp_path):
    call = functools.partial(
        ganzoo.train,
        generator=functools.partial(Line, width=16),
        discriminator=Judge,
        loss=Own(),
        out=tmp_path / "run",
        **RING,
    )
    run = call()
    assert run.config.generator.name == "local/Line"
    assert dict(run.config.generator.arguments) == {"width": 16}
    assert run.recipe.loss.name == "local/Own"
    assert run.model.sample(8, seed=0).shape == (8, 2)
    once = ganzoo.train(
        generator=functools.partial(Line, width=16),
        discriminator=Judge,
        loss=Own,
        out=tmp_path / "once",
        **{**RING, "images": 1280},
    )
    assert call(images=1280).state == "finished"
    assert weights_of(run.folder) == weights_of(once.folder)


def test_an_object_starts_from_its_own_weights_and_keeps_them(tmp_path):
    generator = Line()
    before = [p.clone() for p in generator.parameters()]
    options = {"discriminator": Judge(), "loss": "hinge", **RING}
    ganzoo.train(generator=generator, out=tmp_path / "a", **options)
    for old, now in zip(before, generator.parameters(), strict=True):
        assert torch.equal(old, now)
    still = {"optimizers.generator.lr": 1e-12, "ema.half_life": 0.0}
    run = ganzoo.train(generator=generator, out=tmp_path / "b", set=still, **options)
    assert_close([*run.model.generator.parameters()], before)


def test_another_process_says_which_class_it_needs(tmp_path, monkeypatch):
    run = ganzoo.train(
        generator=Line, discriminator=Judge, loss="hinge", out=tmp_path / "run", **RING
    )
    monkeypatch.setattr(local, "_given", {})
    with pytest.raises(UnknownNameError, match="'local/Line' is a class of its author's"):
        ganzoo.load(run.folder)
    loaded = ganzoo.load(run.folder, parts=[Line, Judge])
    assert loaded.sample(2, seed=0).shape == (2, 2)


def test_a_data_set_of_ones_own_is_used_as_it_is(tmp_path):
    class Points(ganzoo.Dataset):
        sample_shape, kind, value_range = (2,), "points", None

        def __len__(self):
            return 256

        def batch(self, indices):
            angles = indices.float()[:, None]
            return torch.cat([angles.cos(), angles.sin()], 1), None

    run = ganzoo.train(
        generator=Line,
        discriminator=Judge,
        loss="hinge",
        out=tmp_path / "run",
        **{**RING, "data": Points()},
    )
    assert run.recipe.data.name == "local/Points"
    assert run.state == "finished"


def test_callbacks_see_each_row_and_what_they_raise_ends_the_training(tmp_path):
    seen = []
    run = ganzoo.train(
        generator=Line,
        discriminator=Judge,
        loss="hinge",
        out=tmp_path / "run",
        callbacks=[lambda record, row: seen.append((record.images_seen, row["images"]))],
        **RING,
    )
    assert seen == [(row["images"], row["images"]) for row in run.metrics]

    def refuse(record, row):
        raise RuntimeError("enough")

    with pytest.raises((RuntimeError, GanzooError), match="enough"):
        ganzoo.train(
            generator=Line,
            discriminator=Judge,
            loss="hinge",
            out=tmp_path / "other",
            callbacks=[refuse],
            **RING,
        )


def test_several_seeds_are_several_runs(tmp_path):
    runs = ganzoo.train(
        generator=Line, discriminator=Judge, loss="hinge", seeds=2, out=tmp_path / "runs", **RING
    )
    assert [run.recipe.seed for run in runs] == [0, 1]
    assert [run.state for run in ganzoo.runs(tmp_path / "runs")] == ["finished", "finished"]


def test_the_callers_random_state_is_left_as_it_was(tmp_path):
    torch.manual_seed(5)  # noqa: TID251 - a caller's own
    before = torch.get_rng_state()
    ganzoo.train(generator=Line, discriminator=Judge, loss="hinge", out=tmp_path / "run", **RING)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"generator": nn.Linear(2, 2)}, UsageError, "ganzoo.Generator, found an object of Linear"),
        ({"loss": nn.Linear}, UsageError, "ganzoo.Loss, found the class Linear"),
        ({"log_evry": 3}, UsageError, "takes no 'log_evry'; did you mean 'log_every'"),
        ({"set": {"bacth": 3}}, GanzooError, "bacth"),
        ({"loss": "hinged"}, GanzooError, "hinge"),
        ({"generator": functools.partial(Line, 4)}, UsageError, "arguments without names"),
        (
            {"generator": functools.partial(Line, wide=4)},
            UnknownOptionError,
            "takes no argument 'wide'",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(tmp_path, options, error, text):
    given = {"generator": Line, "discriminator": Judge, "loss": "hinge", **RING}
    with pytest.raises(error, match=text) as caught:
        ganzoo.train(out=tmp_path / "run", **{**given, **options})
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_nothing_to_train_is_refused(tmp_path):
    with pytest.raises(UsageError, match="nothing to train"):
        ganzoo.train(out=tmp_path / "run")


def test_a_config_that_was_changed_is_trained(tmp_path):
    config = ganzoo.card("dcgan-mnist").config.replace({"recipe.batch": 16})
    run = ganzoo.train(config, data="mnist-mini", images=32, out=tmp_path / "run", quiet=True)
    assert (run.recipe.batch, run.recipe.images) == (16, 32)
    assert run.recipe.data.name == "ganzoo/mnist-mini"


def test_a_part_that_changed_is_not_taken_for_the_one_that_began(tmp_path):
    options = {"discriminator": Judge, "loss": "hinge", **RING, "out": tmp_path / "run"}
    ganzoo.train(generator=Line(8), **options)
    assert ganzoo.train(generator=Line(8), **options).state == "finished"
    with pytest.raises(UsageError, match="was trained with another local/Line"):
        ganzoo.train(generator=Line(4), **options)
    loss = {**options, "generator": Line(8), "out": tmp_path / "other"}
    ganzoo.train(**{**loss, "loss": ganzoo.create_loss("hinge", r1_gamma=1.0)})
    with pytest.raises(UsageError, match="was trained with another local/Hinge"):
        ganzoo.train(**{**loss, "loss": ganzoo.create_loss("hinge", r1_gamma=5.0)})


def test_an_interrupted_call_saves_and_interrupts(tmp_path):
    def interrupt(record, row):
        os.kill(os.getpid(), signal.SIGINT)

    options = {"generator": Line, "discriminator": Judge, "loss": "hinge", "out": tmp_path / "run"}
    longer = {**RING, "images": 64_000}
    with pytest.raises(KeyboardInterrupt):
        ganzoo.train(callbacks=[interrupt], **options, **longer)
    run = ganzoo.Run(tmp_path / "run")
    assert run.state == "stopped" and 0 < run.images < 64_000


def test_a_network_that_does_not_declare_its_shape_is_named(tmp_path):
    class Bare(ganzoo.Generator):
        latent_dim = 2

        def forward(self, latents, labels=None):
            return latents

    with pytest.raises(PartError, match="generator local/Bare does not set sample_shape"):
        ganzoo.train(
            generator=Bare(), discriminator=Judge, loss="hinge", out=tmp_path / "run", **RING
        )


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"seeds": 0}, "seeds must be 1 or more, found 0"),
        ({"images": "500"}, "images must be a whole number, found the text '500'"),
        ({"imgaes": 5}, "train takes no 'imgaes'; did you mean 'images'"),
    ],
)
def test_keywords_are_checked_first(tmp_path, options, text):
    with pytest.raises(UsageError, match=text):
        ganzoo.train("vanilla-mnist", out=tmp_path / "run", **options)
