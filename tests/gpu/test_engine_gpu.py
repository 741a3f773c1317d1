"""The engine on a GPU: precision, layout, names of devices, waiting, memory, several processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.testing import assert_close

from games import DropoutGenerator
from ganzoo.engine.cuda_graphs import Graphs, own_stream
from ganzoo.engine.prepare import prepare
from ganzoo.engine.run.checkpoint import checkpoint_folders
from ganzoo.errors import TrainingError
from ganzoo.losses import penalties
from ganzoo.plugins.distributions import installed_sources
from ganzoo.sampling import samples
from gpu_steps import differences, one_step, recipe_of, recorder
from short_runs import config, exported, play
from tiny import tiny_plugin

HELPERS = Path(__file__).parents[1] / "helpers"
#: Steps until every kind of turn of the zoo's recipes is recorded.
SETTLED = 30


def test_bf16_trains_and_its_penalties_are_in_float32(device, games_world, monkeypatch):
    """Networks are seen from inside: what they make in a penalty's pass, and in others."""
    state, setup = prepare(recipe_of("dcgan-mnist", precision="bf16"), device)
    seen: dict[str, set[torch.dtype]] = {"penalty": set(), "else": set()}
    where = ["else"]
    plain = penalties.score_gradient

    def watched(player, given):
        where[0] = "penalty"
        try:
            return plain(player, given)
        finally:
            where[0] = "else"

    monkeypatch.setattr(penalties, "score_gradient", watched)
    first = next(m for m in state.discriminator.modules() if isinstance(m, torch.nn.Conv2d))
    first.register_forward_hook(lambda module, given, made: seen[where[0]].add(made.dtype))
    with own_stream(device):
        for _ in range(9):
            one_step(state, setup)
    assert seen == {"penalty": {torch.float32}, "else": {torch.bfloat16}}
    assert all(p.isfinite().all() for p in state.generator.parameters())
    assert all(p.dtype == torch.float32 for p in state.generator.parameters())


def test_precision_auto_is_bf16_on_a_gpu(device, games_world, tmp_path):
    play(config(steps=3), tmp_path / "run", device=str(device))
    text = (tmp_path / "run" / "config.json").read_text()
    assert ("bf16" if device.type == "cuda" else "float32") in text


def test_convolutions_have_their_channels_together(device, games_world):
    state, setup = prepare(recipe_of("dcgan-mnist"), device)
    graphs = recorder(device)
    with own_stream(device):
        for _ in range(SETTLED):
            one_step(state, replace(setup, graphs=graphs))
    for network in (state.generator, state.discriminator, state.average.module):
        wide = [p for p in network.parameters() if p.dim() == 4 and min(p.shape[:2]) > 1]
        assert wide
        assert all(p.is_contiguous(memory_format=torch.channels_last) for p in wide)


def test_devices_are_named(device, games_world, tmp_path):
    names = [str(device)]
    if device.type == "cuda":
        names += [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    for name in names:
        play(config(generator="dropout", steps=12), tmp_path / name, device=name)
    for name in names[1:]:
        assert not differences(exported(tmp_path / name), exported(tmp_path / names[0]))


def test_layers_that_draw_are_seeded_on_the_device_in_use(device):
    network = DropoutGenerator().to(device)  # it draws: it is in train mode
    before = torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()
    first, again, fewer = (samples(network, n, seed=5) for n in (100, 100, 70))
    after = torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()
    assert torch.equal(first, again)
    assert torch.equal(first[:70], fewer)
    assert torch.equal(before, after)


@pytest.mark.parametrize("name", ["dcgan-mnist", "wgan-gp-mnist", "vanilla-mnist", "wgan-mnist"])
@pytest.mark.parametrize("way", ["eager", "graphs", "streamed"])
def test_no_step_waits_for_the_device(name, way, device, games_world, monkeypatch):
    if way == "streamed":
        monkeypatch.setattr("ganzoo.data.devices.has_room", lambda device, needed: False)
    state, setup = prepare(recipe_of(name), device)
    setup = replace(setup, graphs=None if way == "eager" else recorder(device))
    with own_stream(device):
        for _ in range(SETTLED):
            one_step(state, setup)
        before = torch.cuda.get_sync_debug_mode() if device.type == "cuda" else 0
        try:
            if device.type == "cuda":
                torch.cuda.set_sync_debug_mode("error")
            for _ in range(12):
                one_step(state, setup)
        finally:
            if device.type == "cuda":
                torch.cuda.set_sync_debug_mode(before)
    assert state.step == SETTLED + 12


@pytest.mark.parametrize("graph", [True, False], ids=["graphs", "eager"])
def test_data_that_does_not_fit_streams_and_gives_the_same(
    graph, device, games_world, monkeypatch, tmp_path
):
    parts = {
        "generator": ("dcgan", {"size": 28, "width": 8}),
        "discriminator": ("dcgan", {"size": 28, "width": 8, "batch_norm": False}),
        "data": "mnist-mini",
        "kind": "image",
    }
    options = {"device": str(device), "graph": graph, "log_every": 10_000}
    play(config("hinge", **parts, steps=16), tmp_path / "resident", **options)
    monkeypatch.setattr("ganzoo.data.devices.has_room", lambda device, needed: False)
    play(config("hinge", **parts, steps=16), tmp_path / "streamed", **options)
    assert not differences(exported(tmp_path / "streamed"), exported(tmp_path / "resident"))


@pytest.mark.cuda_only
def test_a_compiled_training_trains(games_world, tmp_path):
    given = config("hinge", generator=("tiny", {"width": 8}), steps=4)
    assert play(given, tmp_path / "run", device="cuda", compile=True).kind == "finished"


@pytest.mark.parametrize("graph", [True, False], ids=["graphs", "eager"])
def test_full_memory_says_what_would_fit(graph, world, device, tmp_path):
    """The fourth turn is the first that is recorded."""
    world(tiny_plugin(ganzoo_losses={"hungry": "gpu_steps:Hungry"}), *installed_sources())
    given = config("hungry", steps=12)
    options = {"device": str(device), "graph": graph, "checkpoint_seconds": 0.0}
    with pytest.raises(TrainingError) as told:
        play(given, tmp_path / "run", **options)
    said = str(told.value)
    assert said.startswith(f"the memory of {device} is full at 16 images at once")
    assert "--micro-batch 8 would fit; the last checkpoint is at 48 images" in said
    (newest, *_) = checkpoint_folders(tmp_path / "run" / "checkpoints")
    assert int(newest.name) == 48
    assert play(given, tmp_path / "run", **options, micro_batch=8).kind == "finished"


@pytest.mark.cuda_only
def test_a_checkpoint_of_a_gpu_goes_on_elsewhere(games_world, tmp_path, caplog):
    given = config("hinge", precision="float32", steps=12)
    early = config("hinge", precision="float32", steps=6)
    play(early, tmp_path / "run", device="cuda")
    assert play(given, tmp_path / "run", device="cpu").kind == "finished"
    assert "not bit for bit" in caplog.text


# --- Commands and several processes -----------------------------------------------------------

RECIPE = [
    *("train", "--generator", "vanilla", "--discriminator", "vanilla", "--loss", "non-saturating"),
    *("--data", "mnist-mini", "--images", "6400", "--threads", "1", "--quiet"),
    *("--set", "generator.arguments.widths=[32]", "--set", "discriminator.arguments.widths=[32]"),
    *("--set", "discriminator.arguments.dropout=0", "--set", "loss.arguments.r1_gamma=0.1"),
    *("--set", "loss.arguments.penalty_interval=4", "--set", "precision=float32"),
]


def start(words: list[str], **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ganzoo", *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "TORCH_CPP_LOG_LEVEL": "ERROR", **more},
    )  # fmt: skip


def finish(processes: list[subprocess.Popen[str]]) -> None:
    """Wait for processes to end well; what they say is shown where one does not."""
    try:
        said = [process.communicate(timeout=60)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert not any(process.returncode for process in processes), said


def meeting(count: int) -> list[dict[str, str]]:
    """What torchrun would tell each of several processes, on this machine alone."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    there = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "GLOO_SOCKET_IFNAME": "lo"}
    there |= {"WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count)}
    return [{**there, "RANK": str(place), "LOCAL_RANK": str(place)} for place in range(count)]


def test_several_processes_share_a_card(device, tmp_path):
    words = [*RECIPE, "--device", str(device), "--out"]
    places = meeting(2 * max(1, torch.cuda.device_count()))
    many = [start([*words, str(tmp_path / "many")], **place) for place in places]
    one = start([*words, str(tmp_path / "one")])
    finish([*many, one])
    ours, theirs = (
        load_file(tmp_path / name / "export" / "model.safetensors") for name in ("many", "one")
    )
    for name, tensor in theirs.items():
        assert_close(ours[name], tensor, atol=2e-3, rtol=1e-2)


@pytest.mark.cuda_only
def test_the_doctor_says_whether_graphs_can_be_recorded():
    from click.testing import CliRunner

    from ganzoo.cli import cli

    said = CliRunner().invoke(cli, ["doctor"]).output
    assert "turns can run as CUDA graphs" in said
    assert torch.cuda.get_device_name(0) in said


def test_recordings_are_given_back(device, games_world):
    state, setup = prepare(recipe_of("wgan-gp-mnist"), device)
    graphs = recorder(device)
    with own_stream(device):
        for _ in range(8):
            one_step(state, replace(setup, graphs=graphs))
        graphs.forget()
        assert not graphs._kinds
        for _ in range(8):
            one_step(state, replace(setup, graphs=graphs))
    assert graphs.off is None
    assert isinstance(graphs, Graphs)
