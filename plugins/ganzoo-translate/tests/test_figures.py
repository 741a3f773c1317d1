"""Figures of pairs, in closed form."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from ganzoo_translate.errors import TranslateError
from ganzoo_translate.figures import Psnr, Ssim, TargetDistance, WayBack, psnr, ssim
from ganzoo_translate.folders import Unpaired
from ganzoo_translate.networks import UNet
from ganzoo_translate.pairs import Pairs
from ganzoo_translate.residual import CycleTranslator
from torch.testing import assert_close

import ganzoo
from ganzoo.measure.sample_set import SampleSet
from ganzoo.measure.sources import TensorSource


def pictures(n: int = 3) -> torch.Tensor:
    return torch.rand(n, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 1.8 - 0.9


def test_psnr_is_its_equation():
    assert_close(psnr(pictures() + 0.02, pictures()), torch.full((3,), 40.0), atol=1e-3, rtol=0)
    assert psnr(pictures(), pictures()).tolist() == [100.0] * 3


def test_ssim_is_one_for_equal_pictures_and_falls_with_noise():
    given = pictures()
    assert_close(ssim(given, given), torch.ones(3))
    noise = torch.randn(given.shape, generator=torch.Generator().manual_seed(1))
    first, second = (ssim(given + share * noise, given).mean() for share in (0.1, 0.4))
    assert 1 > first > second > 0


def test_figures_are_of_paired_pictures():
    pairs, plain = Pairs("mnist-mini"), ganzoo.datasets.load("mnist-mini")
    assert Psnr().applies_to(pairs) and Ssim().applies_to(pairs)
    assert not Psnr().applies_to(plain)
    pairs.paired = False
    assert not Psnr().applies_to(pairs)


def test_distance_to_the_target_is_measured_in_the_extractor():
    data = Pairs({"name": "mnist-mini"}, split="test")
    targets, _ = data.batch(torch.arange(40))
    extractor = ganzoo.open_extractor("cnn-mnist")
    for samples, least, most in ((targets, 0, 1e-5), (targets.roll(1, 0), 5, 50)):
        drawn = SampleSet(TensorSource(samples, targets=targets), 40, 0, extractor)
        assert least <= TargetDistance().measure(drawn.input_for(TargetDistance.needs)) <= most
    lacking = SampleSet(TensorSource(targets), 40, 0, extractor).lacks(TargetDistance.needs)
    assert lacking == ["targets", "target_features"]
    assert Psnr().measure(drawn.input_for(Psnr.needs)) == pytest.approx(
        psnr(targets.roll(1, 0), targets).mean().item()
    )


class Brighter(torch.nn.Module):
    """Adds to pictures, so that the way back goes wrong by as much."""

    def forward(self, pictures):
        return pictures + 0.02


def test_the_way_back_is_measured_where_there_is_one():
    mini = {"name": "mnist-mini", "arguments": {"size": 16}}
    data = Unpaired(mini, mini, split="test")
    assert WayBack().applies_to(data) and not WayBack().applies_to(Pairs(mini))
    assert not Psnr().applies_to(data)
    _, inputs = data.batch(torch.arange(40))
    shapes = {"condition_shape": [1, 16, 16], "size": 16, "channels": 1, "width": 4}
    network = CycleTranslator(**shapes, blocks=1)
    network.back = Brighter()
    for found, way in ((40.0, network), (None, UNet(**shapes))):
        source = TensorSource(inputs, labels=inputs, model=SimpleNamespace(generator=way))
        drawn = SampleSet(source, 40, 0, None).input_for(WayBack.needs)
        if found is None:
            with pytest.raises(TranslateError, match="the model has no way back"):
                WayBack().measure(drawn)
        else:
            assert WayBack().measure(drawn) == pytest.approx(found, abs=1e-3)
