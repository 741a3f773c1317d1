"""Networks and games: shapes, what is kept, and the equations by hand."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from ganzoo_translate.errors import TranslateError
from ganzoo_translate.games import Inpaint, Pix2Pix
from ganzoo_translate.networks import UNet
from ganzoo_translate.patches import PatchDiscriminator
from ganzoo_translate.transforms import Mask
from safetensors.torch import save_file
from torch import Tensor
from torch.testing import assert_close

import ganzoo


def holed(n: int = 4, side: int = 32) -> tuple[Tensor, Tensor]:
    pictures = torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return pictures, Mask(["centre"])(pictures, torch.arange(n))


@pytest.mark.parametrize("side", [16, 28, 32, 64])
@pytest.mark.parametrize("skips", [True, False])
def test_every_size_is_translated(side, skips):
    net = UNet([1, side, side], size=side, width=4, skips=skips).eval()
    assert net(torch.zeros(2, 0), torch.zeros(2, 1, side, side)).shape == (2, 3, side, side)
    judge = PatchDiscriminator([1, side, side], size=side, width=4, layers=2)
    assert judge(torch.zeros(2, 3, side, side), torch.zeros(2, 1, side, side)).dim() == 2


def test_rectangles_are_translated():
    net = UNet([3, 16, 24], size=[16, 24], width=4).eval()
    assert net(torch.zeros(1, 0), torch.zeros(1, 3, 16, 24)).shape == (1, 3, 16, 24)


def test_known_pixels_are_kept_bit_for_bit():
    given, conditions = holed()
    net = UNet([4, 32, 32], width=8, keep_known=True, latent_dim=3)
    made = net(torch.randn(4, 3), conditions)
    known = conditions[:, 3:].expand_as(made) > 0
    assert torch.equal(made[known], given[known])
    assert not torch.isclose(made[~known], given[~known]).all()


def test_latents_change_what_is_made_and_conditions_too():
    _, conditions = holed()
    net = UNet([4, 32, 32], width=8, latent_dim=3).eval()
    torch.nn.init.normal_(net.varied.weight)
    first = net(torch.zeros(4, 3), conditions)
    assert not torch.allclose(first, net(torch.ones(4, 3), conditions))
    assert not torch.allclose(first, net(torch.zeros(4, 3), conditions.roll(1, 0)))


def test_a_patch_sees_a_patch():
    """With one layer a score depends on 10 pixels at most (4, then 3 with stride 2 before)."""
    judge = PatchDiscriminator([1, 32, 32], width=4, layers=1)
    picture = torch.zeros(1, 3, 32, 32, requires_grad=True)
    score = judge(picture, torch.zeros(1, 1, 32, 32)).unflatten(1, (16, 16))[0, 8, 8]
    (slope,) = torch.autograd.grad(score, picture)
    rows = slope[0].abs().sum((0, 2)).nonzero()
    assert rows.max() - rows.min() + 1 == 8


def test_small_pictures_are_judged_by_as_many_layers_as_fit():
    for side, layers in ((16, 2), (28, 3), (32, 3), (128, 3)):
        judge = PatchDiscriminator([1, side, side], size=side, channels=1, width=4)
        assert len(judge.blocks) == layers


def test_features_are_all_maps():
    judge = PatchDiscriminator([1, 16, 16], size=16, width=4, layers=2)
    out = judge.outputs(torch.ones(1, 3, 16, 16), torch.ones(1, 1, 16, 16))
    assert out["features"].shape == (1, 4 * 64 + 8 * 16)
    maps = judge._maps(torch.ones(1, 3, 16, 16), torch.ones(1, 1, 16, 16))
    assert_close(out["features"][0, -128:].sum(), maps[-1].mean())


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: UNet([3, 32, 32], keep_known=True),
            "conditions of 4 channels, the last one alpha",
        ),
        (lambda: UNet([3, 32, 16]), r"the samples' sides, \[C, 32, 32\], found \[3, 32, 16\]"),
        (lambda: UNet([3, 32, 32], norm="group"), "norm is one of batch, instance, none"),
        (lambda: PatchDiscriminator([3, 32, 32], layers=9), "layers is 1 to 3 for pictures"),
        (lambda: Pix2Pix(game="hinge"), "game is one of non-saturating, least-squares"),
        (lambda: Pix2Pix(nearness=-1), "nearness must be 0 or more, found -1"),
        (lambda: Pix2Pix(0, 0, 0), "all weights are 0: nothing is learnt"),
    ],
)
def test_what_does_not_fit_is_said(make, said):
    with pytest.raises(TranslateError, match=said):
        make()


# --- The games ----------------------------------------------------------------------------------


class Judge:
    """The sum of a picture is its score, the picture its features."""

    module = None

    def __call__(self, samples: Tensor) -> Tensor:
        return samples.flatten(1).sum(1)

    def outputs(self, samples: Tensor) -> dict[str, Tensor]:
        return {"scores": self(samples), "features": samples.flatten(1)}


def turn(labels: Tensor | None) -> SimpleNamespace:
    real = torch.tensor([[[[0.5, 1.0]]], [[[0.0, 0.0]]]])
    return SimpleNamespace(
        real=real,
        fake=torch.zeros_like(real),
        labels=labels,
        discriminator=Judge(),
        due=lambda every: True,
        log=lambda name, values: None,
    )


def test_pix2pix_is_its_equations():
    loss, round = Pix2Pix(nearness=10.0, features=2.0), turn(torch.zeros(2, 1, 1, 2))
    terms = loss.generator(round)
    assert terms["nearness"].tolist() == [7.5, 0.0]
    assert terms["features"].tolist() == [3.0, 0.0]
    assert_close(terms["adversarial"], torch.full((2,), 2.0).log())
    assert loss.needs == {"features"}
    judged = Pix2Pix(game="least-squares").discriminator(round)
    assert judged["real"].tolist() == [0.0625, 0.25]
    assert judged["fake"].tolist() == [0.0, 0.0]


def test_nearness_alone_asks_no_discriminator():
    terms = Pix2Pix(adversarial=0.0).generator(turn(torch.zeros(2, 1, 1, 2)))
    assert list(terms) == ["nearness"]


def test_inpainting_measures_within_the_hole():
    alpha = torch.tensor([[[[1.0, -1.0]]], [[[-1.0, -1.0]]]])
    conditions = torch.cat([torch.zeros(2, 1, 1, 2), alpha], 1)
    assert Inpaint(nearness=1.0).apart(turn(conditions)).tolist() == [1.0, 0.0]


def test_data_without_conditions_is_refused_before_a_training(tmp_path):
    parts = {"generator": "unet", "discriminator": "patch", "loss": "pix2pix"}
    with pytest.raises(ganzoo.GanzooError, match="unet needs condition_shape, and the data set"):
        ganzoo.train(**parts, data="mnist-mini", images=8, out=tmp_path)


def test_perceptual_terms_are_distances_in_an_extractors_maps():
    loss = Pix2Pix(0, 0, perceptual=1.0, style=2.0, variation=3.0, extractor="cnn-mnist")
    pictures = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    round = turn(torch.zeros(2, 1, 28, 28))
    round.real, round.fake = pictures, pictures.clone()
    terms = loss.generator(round)
    assert terms["perceptual"].tolist() == terms["style"].tolist() == [0.0, 0.0]
    assert (terms["variation"] > 1).all()
    round.fake = pictures.flip(3)
    assert (loss.generator(round)["perceptual"] > 0).all()
    with pytest.raises(TranslateError, match="need an extractor, such as cnn-faces"):
        Pix2Pix(style=1.0)
    round.real = round.fake = pictures.expand(-1, 3, -1, -1)
    with pytest.raises(TranslateError, match="takes pictures of 1 channels, and these have 3"):
        loss.generator(round)


def test_timms_maps_are_read_with_weights_from_a_file(tmp_path):
    timm = pytest.importorskip("timm")
    save_file(timm.create_model("resnet10t").state_dict(), tmp_path / "weights.safetensors")
    weights = str(tmp_path / "weights.safetensors")
    seen = {"extractor": "timm:resnet10t", "extractor_weights": weights}
    loss = Pix2Pix(0, 0, perceptual=1.0, **seen)
    round = turn(torch.zeros(1, 1, 16, 16))
    round.real, round.fake = torch.ones(1, 3, 16, 16), torch.zeros(1, 3, 16, 16)
    assert (loss.generator(round)["perceptual"] > 0).all()


def test_without_conditions_a_game_says_so():
    with pytest.raises(ganzoo.GanzooError, match="this loss needs conditions"):
        Pix2Pix().discriminator(turn(None))
