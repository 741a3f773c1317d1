"""Generators with styles, and truncation."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

import commands
import ganzoo
from ganzoo import sampling
from ganzoo.ema import Ema, recalibrate
from ganzoo.errors import CheckError, PartError, UsageError
from ganzoo.testing import checks_of
from ganzoo.testing.plugin_sources import offering
from ganzoo.truncation import cut_normal, truncated
from style_generators import TinyStyles
from tiny import TinyGenerator


def tiny(**arguments) -> TinyStyles:
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(0)
        return TinyStyles(**arguments).eval()


def batches(n=3, rows=64, classes=None):
    rng = torch.Generator().manual_seed(1)
    labels = None if classes is None else torch.arange(rows) % classes
    return [(torch.randn(rows, 4, generator=rng), labels) for _ in range(n)]


# --- The interface ----------------------------------------------------------------------------


def test_samples_are_synthesised_from_styles_in_one_pass():
    network, latents = tiny(), torch.randn(5, 4)
    published = network.outputs(latents)
    assert set(published) == {"samples", "styles"}
    assert published["styles"].shape == (5, 2, 3)
    assert torch.equal(published["samples"], network(latents))
    assert torch.equal(network.synthesise(published["styles"]), network(latents))


def test_a_class_that_overrides_forward_is_refused():
    with pytest.raises(
        PartError, match="Mine overrides forward, which is final in a StyleGenerator"
    ):

        class Mine(TinyStyles):
            def forward(self, latents, labels=None):
                return latents


def test_a_forward_that_comes_from_a_mixin_is_refused():
    with pytest.raises(PartError, match="Mixed overrides forward"):

        class Mixed(nn.Identity, TinyStyles):
            pass


def test_a_subclass_of_a_style_generator_may_publish_more():
    class More(TinyStyles):
        def outputs(self, latents, labels=None):
            return {**super().outputs(latents, labels), "more": latents}

    assert "more" in More().outputs(torch.randn(2, 4))


def test_the_average_style_is_saved_with_the_weights():
    assert tiny().state_dict()["average_style"].shape == (3,)


# --- The average style ------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [None, 3])
def test_the_average_style_is_the_mean_over_all_latents(classes):
    network, drawn = tiny(num_classes=classes), batches(classes=classes)
    recalibrate(network, iter(drawn))
    styles = torch.cat([network.styles(*batch) for batch in drawn])
    assert_close(network.average_style, styles.mean((0, 1)))


def test_training_passes_leave_the_average_style_alone():
    network = tiny().train()
    network(torch.randn(5, 4))
    assert not network.average_style.any()


def test_a_snapshot_holds_the_averages_own_average_style():
    live = tiny()
    average = Ema(live)
    with torch.no_grad():
        live.mapping.bias.add_(10.0)
    snapshot = average.snapshot(batches())
    styles = torch.cat([average.module.styles(*batch) for batch in batches()])
    assert_close(snapshot.average_style, styles.mean((0, 1)))
    assert not average.module.average_style.any()


# --- Truncated styles -------------------------------------------------------------------------


def known(**arguments) -> TinyStyles:
    network = tiny(**arguments)
    recalibrate(network, batches())
    return network


def test_truncated_styles_go_towards_the_average():
    network, latents = known(), torch.randn(5, 4)
    found = truncated(network, 0.3).styles(latents)
    assert_close(found, network.average_style * 0.7 + 0.3 * network.styles(latents))
    assert_close(truncated(network, 0.3)(latents), network.synthesise(found))


def test_no_variety_is_left_at_0():
    made = sampling.samples(truncated(known(), 0.0), 5, seed=0)
    assert_close(made, made[:1].expand(5, -1))


def test_truncated_noise_is_that_of_the_seed():
    network = known(noise=1.0)
    whole = sampling.samples(truncated(network, 0.5), 130, seed=3)
    assert torch.equal(whole[:70], sampling.samples(truncated(network, 0.5), 70, seed=3, batch=7))


def test_truncation_hardly_below_1_hardly_changes_samples():
    network = known(noise=1.0)
    near = sampling.samples(truncated(network, 0.999999), 5, seed=0)
    assert_close(near, sampling.samples(network, 5, seed=0), rtol=0, atol=1e-4)


def test_the_network_that_is_truncated_is_not_changed():
    network = known()
    before = copy.deepcopy(network.state_dict())
    sampling.samples(truncated(network, 0.5), 5, seed=0)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not network.training


# --- Cut latents ------------------------------------------------------------------------------


def test_latents_are_cut_at_twice_the_truncation():
    drawn = sampling.latents(truncated(TinyGenerator(), 0.25), 500, seed=0)
    assert drawn.dtype == torch.float32
    assert 0.49 < drawn.abs().max() <= 0.5


def test_a_cut_normal_has_the_variance_of_its_closed_form():
    values = torch.randn(200_000, generator=torch.Generator().manual_seed(0))
    for cut in (0.5, 1.0, 2.0):
        density = math.exp(-(cut**2) / 2) / math.sqrt(2 * math.pi)
        variance = 1 - 2 * cut * density / math.erf(cut / math.sqrt(2))
        assert_close(cut_normal(values, cut).var(), torch.tensor(variance), rtol=0.01, atol=0)


def test_cutting_keeps_the_order_and_far_cuts_keep_the_values():
    values = torch.linspace(-9, 9, 101)
    assert (cut_normal(values, 1.0).diff() >= 0).all()
    ordinary = torch.linspace(-4, 4, 101)
    assert_close(cut_normal(ordinary, 8.0), ordinary)
    assert torch.equal(cut_normal(values, 0.0), torch.zeros(101))


def test_cut_latents_of_a_seed_are_the_same_whatever_n_and_the_start():
    network = truncated(TinyGenerator(), 0.5)
    whole = sampling.latents(network, 200, seed=1)
    assert torch.equal(whole[63:70], sampling.latents(network, 7, seed=1, start=63))


class Uniform(TinyGenerator):
    def sample_latents(self, n: int, *, rng: torch.Generator) -> Tensor:
        return torch.rand(n, self.latent_dim, generator=rng)


def test_latents_of_another_law_are_not_cut():
    with pytest.raises(UsageError, match="Uniform draws its own latents.*leave truncation at 1"):
        truncated(Uniform(), 0.5)
    network = Uniform()
    assert truncated(network, 1.0) is network


@pytest.mark.parametrize("number", [-0.1, math.nan, math.inf])
def test_a_truncation_below_0_or_without_end_is_refused(number):
    with pytest.raises(UsageError, match=f"truncation must be 0 or more, found {number}"):
        truncated(TinyGenerator(), number)


@pytest.mark.parametrize("given", ["a", True, None, [1.0], torch.ones(2)])
def test_a_truncation_that_is_no_number_is_refused(given):
    with pytest.raises(UsageError, match="truncation must be a number, found"):
        truncated(TinyGenerator(), given)


# --- Models and the command -------------------------------------------------------------------


def test_a_model_samples_as_ever_at_1_and_less_widely_below():
    model = ganzoo.load("dcgan-mnist")
    plain = model.sample(70, seed=0)
    assert torch.equal(model.sample(70, seed=0, truncation=1.0), plain)
    tame = model.sample(70, seed=0, truncation=0.3)
    assert tame.var(0).mean() < plain.var(0).mean()
    pieces = model.batches(70, seed=0, truncation=0.3, batch=64)
    assert torch.equal(torch.cat([*pieces]), tame)


def test_the_command_takes_a_truncation(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("1.0", "0.5"):
        words = ["sample", "dcgan-mnist", "-n4", "--truncation", name, "-o", f"{name}.png"]
        assert commands.ganzoo(*words) == 0, capsys.readouterr().err
    assert (tmp_path / "1.0.png").read_bytes() != (tmp_path / "0.5.png").read_bytes()


# --- The conformance check --------------------------------------------------------------------


WRONG = {
    "Keeps": r"synthesise\(styles\) differs from what forward makes",
    "Draws": "styles of the same latents differ in eval mode",
    "Flat": r"float32 \[5, 2, 3\] is promised",
    "Silent": "publishes samples and not the styles",
    "Other": r"average_style is no saved buffer \[3\]",
}


def checked(name: str) -> str:
    """What `check_styles` says of a part of `style_generators`."""
    source = offering("styled", "1.0", {"generator": {"mine": f"style_generators:{name}"}})
    one, *_ = [p for p in checks_of(source, fast=True) if p.name == "check_styles"]
    return one()


@pytest.mark.parametrize("name", ["TinyStyles", "Noisy"])
def test_styles_that_are_right_pass(name):
    assert checked(name) == "[2, 3]"


@pytest.mark.parametrize("name", WRONG)
def test_styles_that_are_wrong_are_found(name):
    with pytest.raises(CheckError, match=rf"{WRONG[name]}.*style_generators\.py:\d+"):
        checked(name)


def test_a_generator_without_styles_has_none_to_check():
    source = offering("tiny", "1.0", {"generator": {"mine": "tiny:TinyGenerator"}})
    one, *_ = [p for p in checks_of(source, fast=True) if p.name == "check_styles"]
    assert one() == "no styles"
