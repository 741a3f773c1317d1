"""The engine: what it leaves behind, and going on where it stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

import commands
import ganzoo
import short_runs
import tiny
from ganzoo.engine.config import resolve
from ganzoo.engine.micro_batches import Share
from ganzoo.engine.prepare import order_of, prepare
from ganzoo.engine.randomness import BalancedOrder, Counters, DataOrder
from ganzoo.engine.run.checkpoint import Checkpoint, Setting, checkpoint_folders, last_good
from ganzoo.engine.run.export import requirements
from ganzoo.engine.run.metrics import Meter
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.run.process import interruptible
from ganzoo.engine.run.resume import check_setting
from ganzoo.engine.train import half_life, train
from ganzoo.errors import ConfigError, TrainingError, UnknownNameError
from ganzoo.specs import read_config
from model_folders import config_of
from short_runs import ring_config, run_ring
from tiny import TinyRing

WEIGHTS = ("model.safetensors", "discriminator.safetensors")


def exported(folder: Path) -> list[bytes]:
    return [(folder / "export" / name).read_bytes() for name in WEIGHTS]


def rows_of(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_finished_run_leaves_a_model_that_load_opens(tiny_world, tmp_path):
    outcome = run_ring(tmp_path / "run")
    model = ganzoo.load(tmp_path / "run")
    assert outcome.kind == "finished"
    assert outcome.export == tmp_path / "run" / "export"
    assert model.sample(5, seed=0).shape == (5, 2)
    assert model.discriminator(model.sample(5, seed=0)).shape == (5,)


def test_the_export_says_how_it_was_made(tiny_world, tmp_path):
    train(ring_config(6400), RunOptions(tmp_path / "run", quiet=True, command="ganzoo train x"))
    config, _ = read_config(tmp_path / "run" / "export" / "config.json")
    assert config.generator.name == "tiny/tiny"
    assert config.recipe.loss.name == "ganzoo/non-saturating"
    assert config.requires == {"tiny": ">=1.0"}
    assert config.recipe.precision == "float32"  # "auto", resolved
    assert config.provenance.command == "ganzoo train x"
    assert config.provenance.images == 6400
    assert config.parameters["generator"] == 4 * 32 + 32 + 32 * 2 + 2
    assert config.fingerprint.n == 64


def test_plugins_that_only_arguments_name_are_required_too(world):
    """Pairs of another plugin's drawings can be neither trained on nor measured without it."""
    world(
        tiny.tiny_plugin(ganzoo_datasets={"pairs": "tiny:TinyRing"}),
        tiny.make_plugin("drawings", ganzoo_datasets={"halves": "tiny:TinyRing"}),
        tiny.make_plugin("faces", ganzoo_datasets={"portraits": "tiny:TinyRing"}),
        tiny.make_plugin("eyes", ganzoo_extractors={"seen": "tiny:TinyRing"}),
    )
    config = ring_config()
    halves = {"name": "drawings/halves", "arguments": {"of": "portraits", "size": 8}}
    data = replace(config.recipe.data, name="tiny/pairs", arguments={"of": halves, "way": "left"})
    loss = replace(config.recipe.loss, arguments={"extractor": "seen"})
    recipe = replace(config.recipe, data=data, loss=loss)
    required = requirements(replace(config, recipe=recipe))
    assert required == dict.fromkeys(("drawings", "eyes", "faces", "tiny"), ">=1.0")


def test_the_fingerprint_is_that_of_the_samples(tiny_world, tmp_path):
    run_ring(tmp_path / "run")
    model = ganzoo.load(tmp_path / "run")
    drawn, print_ = model.sample(64, seed=0), model.card.config.fingerprint
    assert_close(float(drawn.mean()), print_.mean, atol=1e-5, rtol=0)
    assert_close(float(drawn.std()), print_.std, atol=1e-5, rtol=0)
    assert_close(drawn[:8].mean(1), torch.tensor(print_.means), atol=1e-5, rtol=0)


def test_a_short_run_leaves_its_last_row(tiny_world, tmp_path):
    """Of fewer images than lie between rows; raised, it goes on as if it had not ended there."""
    run_ring(tmp_path / "run", 640)
    (row,) = short_runs.rows(tmp_path / "run")
    assert (row["images"], row["step"]) == (640, 10)
    assert "generator" in row
    run_ring(tmp_path / "run", 6400)
    run_ring(tmp_path / "whole", 6400)
    short, *longer = short_runs.rows(tmp_path / "run")
    assert short == row
    assert longer == short_runs.rows(tmp_path / "whole")


def test_callbacks_are_called_with_each_row(tiny_world, tmp_path):
    seen = []
    options = {"log_every": 640, "callbacks": (lambda run, row: seen.append((run, row)),)}
    short_runs.play(ring_config(1280), tmp_path / "run", **options)
    assert [row for _, row in seen] == short_runs.rows(tmp_path / "run")
    assert [run.images_seen for run, _ in seen] == [640, 1280]


def test_metrics_have_a_row_at_each_cadence(tiny_world, tmp_path):
    options = RunOptions(tmp_path / "run", quiet=True, log_every=1280)
    train(ring_config(6400), options)
    rows = rows_of(tmp_path / "run")
    assert [row["images"] for row in rows] == [1280, 2560, 3840, 5120, 6400]
    assert {"discriminator.real", "discriminator.fake", "generator"} <= rows[0].keys()


def test_samples_are_drawn_on_the_way(tiny_world, tmp_path):
    train(ring_config(6400), RunOptions(tmp_path / "run", quiet=True, grid_every=3200))
    names = sorted(path.name for path in (tmp_path / "run" / "samples").iterdir())
    assert names == ["000000003200.txt", "000000006400.txt"]


@pytest.mark.parametrize(
    ("images", "count", "last"), [(640, 1, 640), (6400, 6, 6400), (25_600, 20, 25_600)]
)
def test_a_short_run_draws_fewer_grids_and_its_last_at_the_end(
    tiny_world, tmp_path, images, count, last
):
    train(ring_config(images), RunOptions(tmp_path / "run", quiet=True))
    drawn = sorted(int(path.stem) for path in (tmp_path / "run" / "samples").glob("*.txt"))
    assert (len(drawn), drawn[-1]) == (count, last)


def test_a_grid_shows_the_first_of_the_batches_that_settle_an_export(tiny_world, monkeypatch):
    from ganzoo.engine.run import export, recorder

    state, setup = prepare(ring_config(), torch.device("cpu"))
    seen = []
    monkeypatch.setattr(state.average, "snapshot", lambda batches: seen.append([*batches]))
    export.settled_average(state, setup, recorder.GRID_BATCHES)
    export.settled_average(state, setup)
    some, all_of_them = seen
    assert (len(some), len(all_of_them)) == (2, 16)
    assert all(torch.equal(a[0], b[0]) for a, b in zip(some, all_of_them, strict=False))


def test_the_same_command_on_a_finished_run_changes_nothing(tiny_world, tmp_path):
    run_ring(tmp_path / "run")
    before = exported(tmp_path / "run")
    assert run_ring(tmp_path / "run").kind == "already finished"
    assert exported(tmp_path / "run") == before


def test_more_images_go_on_and_end_where_one_run_would(tiny_world, tmp_path):
    run_ring(tmp_path / "whole", 6400)
    run_ring(tmp_path / "halves", 3200)
    run_ring(tmp_path / "halves", 6400)
    assert exported(tmp_path / "halves") == exported(tmp_path / "whole")


@pytest.mark.parametrize(
    "recipe",
    [
        {"loss": {"name": "hinge", "arguments": {"r1_gamma": 1.0, "penalty_interval": 3}}},
        {"discriminator_steps": 3, "reuse_fakes": False},
        {"optimizers": {"generator": {"name": "rmsprop"}, "discriminator": {"name": "sgd"}}},
    ],
    ids=["lazy-penalty", "three-turns", "other-optimizers"],
)
def test_going_on_is_exact_for_other_recipes(tiny_world, tmp_path, recipe):
    run_ring(tmp_path / "whole", 3840, **recipe)
    run_ring(tmp_path / "halves", 1920, **recipe)
    run_ring(tmp_path / "halves", 3840, **recipe)
    assert exported(tmp_path / "halves") == exported(tmp_path / "whole")


def test_a_changed_recipe_is_refused_with_the_difference(tiny_world, tmp_path):
    run_ring(tmp_path / "run", 1280)
    with pytest.raises(TrainingError, match=r"recipe\.batch is 64 there, 32 was requested"):
        run_ring(tmp_path / "run", 1280, batch=32)


def test_a_folder_of_somebody_else_is_left_alone(tiny_world, tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(TrainingError, match="is not empty and contains no run"):
        run_ring(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_torn_checkpoint_is_passed_over(tiny_world, tmp_path, caplog):
    run_ring(tmp_path / "run", 1280)
    run_ring(tmp_path / "run", 2560)
    newest, older = checkpoint_folders(tmp_path / "run" / "checkpoints")
    data = (newest / "state.safetensors").read_bytes()
    (newest / "state.safetensors").write_bytes(data[: len(data) // 2])
    assert last_good(tmp_path / "run" / "checkpoints").folder == older
    assert f"{newest} is damaged and is skipped" in caplog.text


def test_going_on_from_the_checkpoint_before_a_torn_one_is_exact(tiny_world, tmp_path):
    run_ring(tmp_path / "whole", 3840)
    run_ring(tmp_path / "run", 1280)
    run_ring(tmp_path / "run", 2560)
    newest = checkpoint_folders(tmp_path / "run" / "checkpoints")[0]
    (newest / "state.json").write_text('{"ganzoo_checkpoint": 1, "coun')
    run_ring(tmp_path / "run", 3840)
    assert exported(tmp_path / "run") == exported(tmp_path / "whole")


def test_rows_beyond_the_checkpoint_are_cut(tiny_world, tmp_path):
    run_ring(tmp_path / "run", 1280)
    path = tmp_path / "run" / "metrics.jsonl"
    path.write_text('{"images": 640}\n{"images": 1920}\n{"ima')
    train(ring_config(2560), RunOptions(tmp_path / "run", quiet=True, log_every=2560))
    assert [row["images"] for row in rows_of(tmp_path / "run")] == [640, 2560]


def test_an_unfinished_run_is_sampled_from_its_last_checkpoint(tiny_world, tmp_path):
    run_ring(tmp_path / "run", 1280)
    finished = ganzoo.load(tmp_path / "run").sample(4, seed=0)
    (tmp_path / "run" / "export").rename(tmp_path / "elsewhere")
    model = ganzoo.load(tmp_path / "run")
    assert model.card.status == "running"
    assert_close(model.sample(4, seed=0), finished)


def test_the_average_can_follow_the_generator_exactly(tiny_world, tmp_path):
    config = ring_config(640, ema={"half_life": 0})
    train(config, RunOptions(tmp_path / "run", quiet=True))
    tensors = last_good(tmp_path / "run" / "checkpoints").tensors
    for name, tensor in tensors.items():
        if name.startswith("average."):
            assert_close(tensor, tensors["generator." + name.removeprefix("average.")])


def test_the_half_life_grows_with_the_run_until_it_is_the_recipes(tiny_world):
    class Seen:
        images = 100_000

    _, setup = prepare(ring_config(ema={"half_life": 10_000, "ramp_up": 0.05}), torch.device("cpu"))
    assert half_life(Seen, setup) == 5_000
    Seen.images = 400_000
    assert half_life(Seen, setup) == 10_000
    _, setup = prepare(ring_config(ema={"half_life": 10_000, "ramp_up": None}), torch.device("cpu"))
    assert half_life(Seen, setup) == 10_000


def test_an_average_moves_half_way_in_its_half_life(tiny_world):
    from ganzoo.ema import Ema, lerp_share

    generator = ganzoo.create_generator("tiny")
    average = Ema(generator)
    start = [p.clone() for p in average.module.parameters()]
    for parameter in generator.parameters():
        parameter.data += 1.0
    for _ in range(10):
        average.update(lerp_share(64, 640))
    for before, now in zip(start, average.module.parameters(), strict=True):
        assert_close(now, before + 0.5)


def test_an_unknown_optimizer_is_refused_with_the_nearest(tiny_world, tmp_path):
    with pytest.raises(ConfigError, match="no optimizer 'addam'; did you mean .*'adam'"):
        run_ring(tmp_path / "run", optimizers={"generator": {"name": "addam"}})


@pytest.mark.parametrize("player", ["Generator", "Discriminator"])
def test_a_state_that_no_checkpoint_can_hold_is_refused_at_the_start(
    tiny_world, tmp_path, monkeypatch, player
):
    kind = getattr(tiny, f"Tiny{player}")
    monkeypatch.setattr(kind, "get_extra_state", lambda self: {"epochs": 3}, raising=False)
    monkeypatch.setattr(kind, "set_extra_state", lambda self, state: None, raising=False)
    said = f"the {player.lower()}'s state holds '_extra_state', a dict; .* only tensors: leave"
    with pytest.raises(TrainingError, match=said):
        run_ring(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_optimizers_bad_argument_is_refused(tiny_world, tmp_path):
    recipe = {"optimizers": {"generator": {"arguments": {"bettas": [0, 1]}}}}
    with pytest.raises(ConfigError, match="optimizer 'adam': TypeError.*bettas"):
        run_ring(tmp_path / "run", **recipe)


def test_an_unknown_loss_is_refused_before_a_folder_is_made(tiny_world, tmp_path):
    with pytest.raises(UnknownNameError, match="no loss 'hing'; did you mean 'hinge'"):
        run_ring(tmp_path / "run", loss={"name": "hing"})
    assert not (tmp_path / "run").exists()


def test_listeners_hear_of_a_run_in_order(world, tmp_path):
    from ganzoo.plugins import PluginSource, hookimpl
    from tiny import tiny_plugin

    heard = []
    source = tiny_plugin()
    module = source.load()

    @hookimpl
    def ganzoo_training_started(run):
        heard.append(("started", run.images_seen))

    @hookimpl
    def ganzoo_metrics_logged(run, metrics):
        heard.append(("metrics", metrics["images"]))

    @hookimpl
    def ganzoo_checkpoint_saved(run, folder):
        heard.append(("saved", int(folder.name)))

    @hookimpl
    def ganzoo_training_ended(run, outcome):
        heard.append(("ended", outcome))

    listeners = (
        ganzoo_training_started,
        ganzoo_metrics_logged,
        ganzoo_checkpoint_saved,
        ganzoo_training_ended,
    )
    for hook in listeners:
        setattr(module, hook.__name__, hook)
    world(PluginSource("tiny", "1.0", lambda: module))
    train(ring_config(1280), RunOptions(tmp_path / "run", quiet=True, log_every=640))
    assert heard == [
        ("started", 0),
        ("metrics", 640),
        ("metrics", 1280),
        ("saved", 1280),
        ("ended", "finished"),
    ]


# Counters


def test_a_draw_depends_on_its_counters_alone():
    one, two = Counters(seed=1), Counters(seed=1)
    two.rng(5, "other")
    torch.rand(3)
    assert torch.equal(
        torch.rand(4, generator=one.rng(7, "latents")),
        torch.rand(4, generator=two.rng(7, "latents")),
    )


@pytest.mark.parametrize("other", [Counters(2), Counters(1, stream=1)])
def test_another_seed_or_stream_draws_otherwise(other):
    one = torch.rand(4, generator=Counters(1).rng(7, "latents"))
    assert not torch.equal(one, torch.rand(4, generator=other.rng(7, "latents")))


WHOLE = Share()


def drawn(share=WHOLE, batch=8, turn=3):
    """`uniform` and `normal` of a turn, for a share of the batch."""
    return Counters(1).draws(turn, "loss", torch.device("cpu"), batch, share)


def test_each_call_of_a_turn_draws_anew():
    uniform, normal = drawn()
    assert not torch.equal(uniform(5), uniform(5))
    assert torch.equal(drawn()[0](2, 3), drawn()[0](2, 3))
    assert normal(1000).mean().abs() < 0.2


@pytest.mark.parametrize(
    ("shape", "count"),
    [((8,), 2), ((8,), 8), ((8, 3), 4), ((4, 2), 2)],
    ids=["rows", "a row each", "rows of 3", "packs of 2"],
)
def test_shares_draw_their_rows_of_what_the_batch_draws(shape, count):
    whole = drawn()[0](*shape)
    parts = [drawn(Share(index, count))[0](shape[0] // count, *shape[1:]) for index in range(count)]
    assert torch.equal(torch.cat(parts), whole)


def test_shares_of_real_and_fake_together_draw_what_the_batch_draws():
    real, fake = drawn()[0](16).chunk(2)
    parts = [drawn(Share(index, 4))[0](4) for index in range(4)]
    assert torch.equal(torch.cat([part[:2] for part in parts]), real)
    assert torch.equal(torch.cat([part[2:] for part in parts]), fake)


def test_what_is_for_the_whole_batch_is_the_same_for_every_share():
    first, second = drawn(Share(0, 2)), drawn(Share(1, 2))
    for make in (0, 1):
        assert torch.equal(first[make](4, shared=True), second[make](4, shared=True))
        assert torch.equal(first[make](), second[make]())


@pytest.mark.parametrize("shape", [(1,), (2,), (3,), (4,), (8,), (32,)])
def test_a_draw_means_the_same_whatever_its_size(shape):
    """Rows belong to samples unless `shared` says otherwise, also where a size looks like a batch.

    In the code before, `uniform(2)` differed between two ranks at a batch of 64, and `uniform(1)`
    did not, but for a micro-batch of 1.
    """
    for count in (2, 4, 8):
        parts = [drawn(Share(index, count))[0](*shape) for index in range(count)]
        assert not any(torch.equal(parts[0], part) for part in parts[1:])
        shared = [drawn(Share(index, count))[0](*shape, shared=True) for index in range(count)]
        assert all(torch.equal(shared[0], part) for part in shared[1:])
        assert torch.equal(shared[0], drawn()[0](*shape, shared=True))


def test_each_pass_over_the_data_is_a_permutation_of_its_own():
    rows = DataOrder(10, seed=3).rows(0, 20)
    assert sorted(rows[:10].tolist()) == sorted(rows[10:].tolist()) == list(range(10))
    assert rows[:10].tolist() != rows[10:].tolist()


@pytest.mark.parametrize("first", [0, 7, 19, 123])
def test_the_kth_image_does_not_depend_on_how_it_is_asked_for(first):
    order = DataOrder(10, seed=3)
    whole = order.rows(0, 200)
    assert torch.equal(DataOrder(10, seed=3).rows(first, 31), whole[first : first + 31])


# Interruption, with real processes and real signals


def test_a_signal_is_noticed_and_the_handlers_are_put_back():
    before = signal.getsignal(signal.SIGTERM)
    with interruptible() as asked:
        os.kill(os.getpid(), signal.SIGTERM)
        assert asked.signal == signal.SIGTERM
        assert asked.exit_code == 143
    assert signal.getsignal(signal.SIGTERM) is before


MINI = [
    *("train", "--generator", "vanilla", "--discriminator", "vanilla", "--loss", "non-saturating"),
    *("--data", "mnist-mini", "--images", "12800", "--threads", "1", "--quiet"),
    *("--set", "generator.arguments.widths=[64]", "--set", "discriminator.arguments.widths=[64]"),
]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert commands.ganzoo(*MINI, "--out", folder) == 0
    return exported(folder)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)],
    ids=["ctrl-c", "terminate", "kill"],
)
def test_a_run_that_is_stopped_goes_on_as_if_nothing_had_happened(
    tmp_path, uninterrupted, number, code
):
    """A process is stopped; this one goes on."""
    folder = tmp_path / "run"
    slow = [sys.executable, "-m", "ganzoo", *MINI, "--out", str(folder), "--checkpoint-every", "0"]
    process = subprocess.Popen(slow, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not checkpoint_folders(folder / "checkpoints"):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in err
    if code > 0:
        assert "the same command resumes from here" in err
    assert not (folder / "export").exists()
    assert commands.ganzoo(*MINI, "--out", folder) == 0
    assert exported(folder) == uninterrupted


def test_batch_statistics_of_the_average_are_recomputed(tmp_path):
    from ganzoo.ema import Ema
    from ganzoo.sampling import calibration_batches

    generator = ganzoo.create_generator("dcgan", size=28, width=4)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(2.0)
    batches = list(calibration_batches(generator, 0, torch.device("cpu")))
    network = Ema(generator).snapshot(batches)
    features = [generator.project[1](generator.project[0](latents)) for latents, _ in batches]
    norm = network.project[2]
    means = torch.stack([f.mean((0, 2, 3)) for f in features]).mean(0)
    variances = torch.stack([f.var((0, 2, 3)) for f in features]).mean(0)
    assert_close(norm.running_mean, means, atol=1e-5, rtol=1e-4)
    assert_close(norm.running_var, variances, atol=1e-5, rtol=1e-4)
    assert norm.momentum == 0.1
    assert not network.training


def test_the_run_folder_is_a_recipe_that_trains_again(tiny_world, tmp_path):
    run_ring(tmp_path / "run", 1280)
    config, _ = read_config(tmp_path / "run" / "config.json")
    outcome = train(replace(config), RunOptions(tmp_path / "again", quiet=True))
    assert exported(tmp_path / "again") == exported(tmp_path / "run")
    assert outcome.kind == "finished"


# Networks of other people's habits


class Viewing(ganzoo.Discriminator):
    """Calls `view` on what a convolution made, as most published discriminators do."""

    sample_shape = (1, 28, 28)

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Conv2d(1, 4, 4, stride=2, padding=1)
        self.second = torch.nn.Conv2d(4, 8, 4, stride=2, padding=1)
        self.last = torch.nn.Linear(8 * 7 * 7, 1)

    def forward(self, samples, labels=None):
        made = self.second(self.first(samples))
        return self.last(made.view(len(made), -1)).squeeze(1)


class Noisy(ganzoo.Generator):
    """Has batch norm, and draws noise of its own."""

    latent_dim, sample_shape = 4, (1, 28, 28)

    def __init__(self):
        super().__init__()
        self.linear, self.norm = torch.nn.Linear(4, 784), torch.nn.BatchNorm1d(784)

    def forward(self, latents, labels=None):
        made = self.linear(latents)
        return self.norm(made + torch.randn_like(made)).tanh().reshape(-1, 1, 28, 28)


@pytest.fixture
def habits(world, monkeypatch):
    import tiny
    from tiny import tiny_plugin

    monkeypatch.setattr(tiny, "Viewing", Viewing, raising=False)
    monkeypatch.setattr(tiny, "Noisy", Noisy, raising=False)
    return world(
        tiny_plugin(
            ganzoo_generators={"noisy": "tiny:Noisy"},
            ganzoo_discriminators={"viewing": "tiny:Viewing"},
        )
    )


def test_a_network_that_views_what_a_convolution_made_is_trained(habits, tmp_path):
    parts = {"generator": "noisy", "discriminator": "viewing", "data": "mnist-mini"}
    wish = short_runs.config(**parts, kind="image", steps=2)
    assert short_runs.play(wish, tmp_path / "run").kind == "finished"


def test_an_average_with_noise_of_its_own_is_exported_alike_each_time(habits):
    from ganzoo.engine.prepare import prepare
    from ganzoo.engine.run.export import settled_average

    parts = {"generator": "noisy", "discriminator": "viewing", "data": "mnist-mini"}
    state, setup = prepare(short_runs.config(**parts, kind="image"), torch.device("cpu"))
    one, other = (settled_average(state, setup).state_dict() for _ in range(2))
    torch.rand(3)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_an_average_with_noise_of_its_own_is_loaded_alike_each_time(habits, tmp_path):
    parts = {"generator": "noisy", "discriminator": "viewing", "data": "mnist-mini"}
    short_runs.play(short_runs.config(**parts, kind="image", steps=2), tmp_path / "run")
    exported = tmp_path / "run" / "export"
    wish = ganzoo.load(exported).generator.state_dict()
    shutil.rmtree(exported)  # as before the run's end
    for _ in range(2):
        found = ganzoo.load(tmp_path / "run").generator.state_dict()
        assert all(torch.equal(wish[name], found[name]) for name in wish)


def test_a_checkpoint_of_a_later_form_is_told_apart(tiny_world, tmp_path, caplog):
    run_ring(tmp_path / "run", 1280)
    (path,) = checkpoint_folders(tmp_path / "run" / "checkpoints")
    about = json.loads((path / "state.json").read_text())
    (path / "state.json").write_text(json.dumps({**about, "ganzoo_checkpoint": 2}))
    with pytest.raises(TrainingError, match="no checkpoint in .* is complete"):
        run_ring(tmp_path / "run", 2560)
    assert "written in format 2, this ganzoo reads 1" in caplog.text


def test_data_that_lacks_an_argument_says_how_to_give_it(tiny_world, tmp_path):
    config = resolve(
        config_of(recipe={"loss": {"name": "hinge"}, "data": {"name": "folder"}, "images": 64}),
        "a test",
    )
    with pytest.raises(
        ConfigError, match=r"ganzoo/folder needs channels, path, size.*--data folder:PATH"
    ):
        prepare(config, torch.device("cpu"))


# --- What is held of what a loss logs -----------------------------------------------------------


def test_many_values_are_held_as_their_mean_at_once():
    """128 steps of [64, 4096] were 133 MB."""
    few, many = Meter(), Meter()
    rng = torch.Generator().manual_seed(0)
    for number in range(10):
        real, fake = torch.randn(2, 64, 80, generator=rng) + number
        for meter, piece in ((many, slice(None)), (few, slice(40))):
            meter.add("real_scores", real[:, piece] + 0.1)
            meter.add("fake_scores", fake[:, piece])
            meter.step_ended()
    held = sum(v.numel() for values in many._held.values() for v in values)
    assert held == 4 * 10
    figures = many.read()
    assert figures.keys() == few.read().keys()
    assert figures["real_scores"] == pytest.approx(4.6, abs=0.05)
    assert 0.5 < figures["accuracy.real"] < 0.6


# --- What may change when a run goes on ---------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("processes", 2),
        ("micro_batch", 8),
        ("threads", 7),
        ("compile", True),
        ("hardware", "cpu, another"),
        ("torch", "2.0.0"),
    ],
)
def test_what_changes_bits_is_told_when_a_run_goes_on(tiny_world, tmp_path, caplog, name, value):
    written = Setting("r", "d", 1, 0, 1, False, "cpu, this", "2.6.0")
    found = Checkpoint(tmp_path, {}, {}, written)
    check_setting(found, written)
    assert not caplog.records
    check_setting(found, replace(written, **{name: value}))
    (record,) = caplog.records
    told = f"with {name.replace('_', '-')} {getattr(written, name)}, this run has {value}"
    assert told in record.getMessage()


def test_a_checkpoint_that_noted_less_goes_on_in_silence(caplog):
    before = {"recipe": "r", "data": "d", "processes": 1, "micro_batch": 0, "threads": 1}
    now = Setting(**before, hardware="cpu, this", torch="2.6.0")
    assert Setting(**before).changes(now) == {}


# --- Classes drawn equally often ----------------------------------------------------------------


def test_a_balanced_order_shows_each_class_equally_often_and_every_sample():
    labels = torch.tensor([0] * 12 + [1] * 3 + [5])
    rows = BalancedOrder(labels, seed=3).rows(0, 36)
    assert labels[rows].bincount().tolist() == [12, 12, 0, 0, 0, 12]
    assert rows.unique().tolist() == list(range(16))
    assert not torch.equal(labels[rows[:3]], labels[rows[3:6]]) or not torch.equal(
        labels[rows[3:6]], labels[rows[6:9]]
    )


def test_the_kth_image_of_a_balanced_order_depends_on_nothing_else():
    labels = torch.arange(100) % 7
    whole = BalancedOrder(labels, seed=1).rows(0, 500)
    for first in (0, 3, 100, 250, 499):
        assert BalancedOrder(labels, seed=1).rows(first, 1).item() == whole[first]
    assert not torch.equal(BalancedOrder(labels, seed=2).rows(0, 500), whole)


def test_a_recipe_may_draw_classes_equally_often(tiny_world, tmp_path):
    balanced = ring_config(data={"name": "tiny/tiny-ring", "balance": True})
    assert balanced.recipe.data.balance
    _, setup = prepare(balanced, torch.device("cpu"))
    rows = setup.order.rows(0, 64)
    assert setup.data.batch(rows)[1].bincount().tolist() == [8] * 8
    _, setup = prepare(ring_config(), torch.device("cpu"))
    assert setup.data.batch(setup.order.rows(0, 64))[1].bincount().tolist() != [8] * 8


def test_balance_without_classes_is_refused(tiny_world, tmp_path):
    recipe = ring_config(data={"name": "tiny/tiny-ring", "balance": True}).recipe
    data = TinyRing()
    data.num_classes = None
    with pytest.raises(ConfigError, match="draws each class equally often, and .* has no classes"):
        order_of(recipe, data)
