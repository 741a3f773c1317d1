"""Run with `python -m pytest` in this example's folder, installed or not."""

import ganzoo_swirl
import torch


def test_points_lie_on_their_arms():
    points, arms = ganzoo_swirl.swirl(noise=0.0).batch(torch.arange(100))
    radius = points.norm(dim=1)
    turned = torch.atan2(points[:, 1], points[:, 0]) / torch.pi - radius / 2 - arms
    assert (turned - 2 * (turned / 2).round()).abs().max() < 1e-5
    assert 1 <= radius.min() < radius.max() <= 4


def test_points_stay_where_they_are():
    one, two = (ganzoo_swirl.swirl(length=100).batch(torch.tensor([3, 3, 9]))[0] for _ in range(2))
    assert torch.equal(one, two)
    assert torch.equal(one[0], one[1])
    other, _ = ganzoo_swirl.swirl(length=100, seed=1).batch(torch.tensor([3]))
    assert not torch.equal(one[:1], other)


def test_both_players_fit_the_points():
    generator, discriminator = ganzoo_swirl.generator(), ganzoo_swirl.discriminator()
    made = generator(torch.randn(5, generator.latent_dim))
    assert made.shape == (5, *ganzoo_swirl.swirl(length=2).sample_shape)
    assert discriminator(made).shape == (5,)
