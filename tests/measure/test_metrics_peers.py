"""The metrics against torch-fidelity and torchmetrics, on the same features."""

from __future__ import annotations

import importlib

import pytest
import torch
from torch import Tensor, nn

from ganzoo.metrics import Moments, frechet_distance, kernel_distance, precision_recall
from metrics_reference import normal

WIDTH, N = 24, 500


def features(seed, *, dead=False):
    """Features like a network's: none negative, correlated, some of them always 0 if asked."""
    rows = (normal(N, WIDTH, seed=seed) @ normal(WIDTH, WIDTH, seed=9) + 0.2 * seed).relu()
    return rows * (torch.arange(WIDTH) >= 3) if dead else rows


class AsTheyAre(nn.Module):
    """An extractor whose features are its inputs."""

    num_features = WIDTH

    def forward(self, rows: Tensor) -> Tensor:
        return rows


@pytest.mark.parametrize("dead", [False, True])
def test_frechet_distance_is_torch_fidelitys(dead):
    fid = importlib.import_module("torch_fidelity.metric_fid")
    real, fake = features(0, dead=dead), features(1, dead=dead)
    statistics = [fid.fid_features_to_statistics(rows) for rows in (real, fake)]
    wanted = fid.fid_statistics_to_metric(*statistics, verbose=False)[fid.KEY_METRIC_FID]
    found = frechet_distance(Moments.of(real), Moments.of(fake))
    assert found == pytest.approx(wanted, rel=1e-6)


def test_kernel_distance_is_torch_fidelitys_of_one_subset_of_all():
    """Theirs averages over random subsets; a subset of everything is what ours computes."""
    kid = importlib.import_module("torch_fidelity.metric_kid")
    real, fake = features(0), features(1)
    options = {"kid_subsets": 1, "kid_subset_size": N, "verbose": False}
    wanted = kid.kid_features_to_metric(real, fake, **options)[kid.KEY_METRIC_KID_MEAN]
    assert kernel_distance(real, fake) == pytest.approx(wanted, rel=1e-6)


def test_precision_and_recall_are_torch_fidelitys():
    """Theirs takes the k + 1-th distance within a set, itself counted: the k-th other, as ours."""
    prc = importlib.import_module("torch_fidelity.metric_prc")
    real, fake = features(0), features(1)
    options = {"prc_neighborhood": 3, "prc_batch_size": N, "save_cpu_ram": False, "verbose": False}
    wanted = prc.prc_features_to_metric(fake, real, **options)
    precision, recall = precision_recall(real, fake, k=3)
    assert 0 < precision < 1 and 0 < recall < 1
    assert precision == pytest.approx(wanted[prc.KEY_METRIC_PRECISION], rel=1e-6)
    assert recall == pytest.approx(wanted[prc.KEY_METRIC_RECALL], rel=1e-6)


def by_torchmetrics(metric, real, fake):
    """What a metric of torchmetrics makes of features that come in batches."""
    for rows in real.split(100):
        metric.update(rows, real=True)
    for rows in fake.split(100):
        metric.update(rows, real=False)
    return metric.compute()


@pytest.mark.filterwarnings("ignore")  # whatever they warn of, on import and construction
@pytest.mark.parametrize("dead", [False, True])
def test_frechet_distance_is_torchmetrics(dead):
    fid = importlib.import_module("torchmetrics.image.fid")
    real, fake = features(0, dead=dead), features(1, dead=dead)
    metric = fid.FrechetInceptionDistance(feature=AsTheyAre())
    wanted = float(by_torchmetrics(metric, real, fake))
    found = frechet_distance(Moments.of(real), Moments.of(fake))
    assert found == pytest.approx(wanted, rel=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_kernel_distance_is_torchmetrics_of_one_subset_of_all():
    kid = importlib.import_module("torchmetrics.image.kid")
    real, fake = features(0), features(1)
    metric = kid.KernelInceptionDistance(feature=AsTheyAre(), subsets=1, subset_size=N)
    wanted, _ = by_torchmetrics(metric, real, fake)
    assert kernel_distance(real, fake) == pytest.approx(float(wanted), rel=1e-6)
