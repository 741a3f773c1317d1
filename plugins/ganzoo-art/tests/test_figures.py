"""The figures of drawings: what real ones get, what plainly worse ones get, closed forms."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from ganzoo_art.figures import (
    FaceShares,
    OneStyle,
    Palette,
    PixelFaceShares,
    RightLetter,
    StyleArea,
    area,
    attribute_distances,
    judged_one_style,
    of_real_fonts,
    palette_distances,
    right_letter,
    style_cosines,
)
from ganzoo_art.letters import Letters
from ganzoo_art.portraits import PixelFaces
from torch import Tensor
from torchvision.transforms.v2.functional import gaussian_blur

from ganzoo import FigureInput
from ganzoo.measure.sample_set import SampleSet
from ganzoo.measure.sources import RowSource


@cache
def letters() -> Letters:
    return Letters("test")


@cache
def faces(**arguments) -> PixelFaces:
    return PixelFaces("test", **arguments)


class Fonts:
    """Real fonts in place of a model: a latent is a font, drawn from the seed."""

    def __init__(self, fonts: int) -> None:
        self.fonts = fonts

    def sample(self, n: int, *, seed: int, labels: Tensor) -> Tensor:
        rng = torch.Generator().manual_seed(seed)
        fonts = torch.randperm(len(letters().fonts), generator=rng)[: self.fonts]
        chosen = torch.randint(0, self.fonts, (n,), generator=rng)
        return letters().batch(fonts[chosen] * 26 + labels)[0]


class Mixed(Fonts):
    """A model that forgets its style from label to label."""

    def sample(self, n: int, *, seed: int, labels: Tensor) -> Tensor:
        return super().sample(n, seed=seed + int(labels.sum()), labels=labels)


# --- The right letter -------------------------------------------------------------------------


def test_real_letters_are_right_and_others_are_not():
    drawn, told = letters().batch(torch.arange(0, len(letters()), 15))
    real = right_letter(drawn.split(500), told)
    assert real > 0.93
    assert right_letter(drawn.split(500), told.roll(1)) < 0.05
    worse = [right_letter([gaussian_blur(drawn, [15, 15], [s, s])], told) for s in (2.0, 4.0)]
    assert real > worse[0] > worse[1]


# --- One style --------------------------------------------------------------------------------


def test_real_fonts_are_one_style():
    same, apart = style_cosines(Fonts(177), 600, seed=0)
    assert judged_one_style(same) == pytest.approx(of_real_fonts("same_judged_same"), abs=0.05)
    assert area(same, apart) == pytest.approx(of_real_fonts("auc"), abs=0.03)


def test_a_model_that_mixes_styles_is_told():
    same, apart = style_cosines(Mixed(177), 600, seed=0)
    assert judged_one_style(same) < 0.5
    assert area(same, apart) == pytest.approx(0.5, abs=0.05)


def test_a_model_of_one_font_has_no_style_of_its_latents():
    """Its pairs are judged as one style, and so are the others: the area tells."""
    same, apart = style_cosines(Fonts(1), 600, seed=0)
    assert judged_one_style(same) > 0.5
    assert area(same, apart) == pytest.approx(0.5, abs=0.05)


def test_the_same_seed_gives_the_same_cosines():
    first, again = (style_cosines(Fonts(177), 50, seed=3)[0] for _ in range(2))
    assert torch.equal(first, again)


def test_area_is_the_chance_of_the_larger_one():
    one = torch.tensor([1.0, 2.0, 3.0])
    assert area(one, torch.tensor([0.0, 0.5])) == 1
    assert area(one, torch.tensor([2.0])) == 0.5  # one below, one tie, one above
    assert area(one, one) == 0.5
    assert area(one, torch.tensor([9.0])) == 0


# --- Shares of attributes ---------------------------------------------------------------------


def test_real_faces_have_the_datas_shares():
    drawn, _ = faces().batch(torch.arange(2000))
    found = attribute_distances("cnn-pixel-faces", drawn.split(500))
    assert list(found) == list(faces().values)
    assert max(found.values()) < 0.12
    assert min(found.values()) > 0


def test_a_value_that_is_missing_is_seen():
    data = faces(attribute="glasses")
    none = data.class_names.index("none")
    bare = (data.labels == none).nonzero().flatten()[:600]
    drawn, _ = data.batch(bare)
    found = attribute_distances("cnn-pixel-faces", [drawn])
    share = (PixelFaces("train", attribute="glasses").labels == none).double().mean().item()
    assert found["glasses"] == pytest.approx(1 - share, abs=0.05)
    assert found["mouth"] < 0.2


# --- A clean palette --------------------------------------------------------------------------


def test_few_colours_lie_on_their_palette():
    rng = torch.Generator().manual_seed(0)
    palette = torch.tensor([[-1.0, -1, -1], [1, 1, 1], [1, -1, 0], [-0.3, 0.6, 0.1]])
    pictures = palette[torch.randint(0, 4, (5, 16, 16), generator=rng)].movedim(3, 1)
    assert palette_distances(pictures).abs().max() < 1e-3
    large = pictures.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert palette_distances(large).abs().max() < 1e-3


def test_a_pixel_off_the_palette_counts_by_its_distance():
    """Sixteen greys fill the palette; one red pixel lies nearest the grey of 88."""
    greys = torch.arange(16.0).mul(16).add(8).repeat_interleave(16)
    picture = greys.view(1, 1, 16, 16).repeat(1, 3, 1, 1)
    assert palette_distances(picture / 127.5 - 1).item() == pytest.approx(0, abs=1e-3)
    picture[0, :, 15, 15] = torch.tensor([248.0, 8, 8])
    away = (160**2 + 80**2 + 80**2) ** 0.5
    assert palette_distances(picture / 127.5 - 1).item() == pytest.approx(away / 256, abs=1e-3)


def test_noise_and_blur_leave_the_palette():
    rng = torch.Generator().manual_seed(0)
    drawn, _ = faces(size=32).batch(torch.arange(100))
    real = palette_distances(drawn).mean()
    assert real < 0.5
    noises = torch.randn(drawn.shape, generator=rng)
    by_noise = [palette_distances((drawn + s * noises).clamp(-1, 1)).mean() for s in (0.1, 0.3)]
    by_blur = [palette_distances(gaussian_blur(drawn, [9, 9], [s, s])).mean() for s in (1.0, 2.0)]
    assert real < by_noise[0] < by_noise[1]
    assert min(by_blur) > 5 * real


# --- As `ganzoo eval` measures them -----------------------------------------------------------


@pytest.mark.parametrize(
    ("figure", "data", "applies"),
    [
        (RightLetter, letters, True),
        (OneStyle, letters, True),
        (StyleArea, letters, True),
        (RightLetter, lambda: Letters("test", size=16), False),
        (OneStyle, lambda: Letters("test", view="alphabet"), False),
        (PixelFaceShares, faces, True),
        (PixelFaceShares, letters, False),
        (FaceShares, faces, False),
        (Palette, faces, True),
        (Palette, letters, False),
    ],
)
def test_a_figure_is_of_its_data_set(figure, data, applies):
    assert figure().applies_to(data()) is applies


def drawn_of(figure, source, n: int) -> FigureInput:
    return SampleSet(source, n, seed=0).input_for(figure.needs)


def test_figures_are_measured_of_what_was_drawn():
    rows = torch.arange(300)
    of_letters = drawn_of(RightLetter, RowSource(letters(), 15 * rows, "real"), 300)
    assert RightLetter().measure(of_letters) > 0.93
    of_faces = RowSource(faces(), rows, "real")
    assert Palette().measure(drawn_of(Palette, of_faces, 300)) < 0.5
    shares = PixelFaceShares().measure(drawn_of(PixelFaceShares, of_faces, 300))
    assert 0.02 < shares < 0.3


def test_style_is_measured_of_the_model(monkeypatch):
    monkeypatch.setattr("ganzoo_art.figures.PAIRS", 600)

    class Source(RowSource):
        model = Fonts(177)

    source = Source(letters(), torch.arange(10), "fonts")
    assert OneStyle().measure(drawn_of(OneStyle, source, 10)) == pytest.approx(1, abs=0.05)
    found = StyleArea().measure(drawn_of(StyleArea, source, 10))
    assert found == pytest.approx(of_real_fonts("auc"), abs=0.03)
    assert StyleArea().best == of_real_fonts("auc")
