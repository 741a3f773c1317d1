"""What pages are made of, and what is refused. The browser's side has its own file."""

from __future__ import annotations

import re

import pytest
import torch
from ganzoo_web.pages.about import check_shown, titled
from ganzoo_web.pages.bundle import BROWSER, page_script
from ganzoo_web.pages.gallery import Room, check_replaceable, start_page, write_gallery
from ganzoo_web.pages.laws import latents_of
from ganzoo_web.pages.problems import PageError
from ganzoo_web.pages.prose import prose
from ganzoo_web.pages.runtime import runtime_script
from ganzoo_web.pages.walls import roll_of

import commands
import ganzoo
from ganzoo.views import Notes

#: Bytes of a page without weights.
MOST = 15_000_000


class Odd(ganzoo.Generator):
    """Draws what a test asks for, from latents of a law of its own."""

    def __init__(self, shape=(1, 4, 4), latent_dim=3, condition_shape=None):
        super().__init__()
        self.sample_shape, self.latent_dim = shape, latent_dim
        self.condition_shape = condition_shape

    def forward(self, latents, labels=None):
        return torch.zeros(len(latents), *self.sample_shape)

    def sample_latents(self, n, *, rng):
        return torch.rand(n, self.latent_dim, generator=rng).round()


def model_of(generator: ganzoo.Generator) -> ganzoo.Model:
    return ganzoo.Model(generator, ganzoo.card("dcgan-mnist"), torch.device("cpu"))


@pytest.mark.parametrize(
    ("generator", "reason"),
    [
        (Odd(shape=(1, 800)), "draws image of 1x800, which have no view here; a page shows images"),
        (Odd(shape=(2, 4, 4)), "draws image of 2x4x4, which have no view here"),
        (Odd(latent_dim=0), "has no latents"),
    ],
)
def test_what_a_page_cannot_show_is_refused(generator, reason):
    with pytest.raises(PageError, match=f"dcgan-mnist {reason}"):
        check_shown(model_of(generator))


def test_latents_of_another_law_are_stored():
    about = latents_of(model_of(Odd()))
    assert (about["law"], about["seeds"], about["width"]) == ("table", 64, 3)
    assert len(about["table"]) >= 64 * 64 * 3 * 4


def test_rolls_are_pictures_with_the_highest_pitch_on_top():
    """A track's colour where it sounds; with voices, a track sings its highest value alone."""
    samples = torch.zeros(1, 2, 3, 4)
    samples[0, 0, 1, 3], samples[0, 1, 2, 0], samples[0, 1, 2, 1] = 1, 0.7, 0.9
    drawn = roll_of(samples, Notes(60, 4, 120, threshold=0.5))
    assert drawn.shape == (1, 3, 4, 3)
    places = (drawn[0] != 255).any(0).nonzero().tolist()
    assert places == [[0, 1], [2, 2], [3, 2]]
    assert not drawn[0, :, 0, 1].equal(drawn[0, :, 2, 2]), "two tracks, two colours"
    alone = roll_of(samples, Notes(60, 4, 120, threshold=0.5, voices=True))
    assert (alone[0] != 255).any(0).nonzero().tolist() == [[0, 1], [2, 2]]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("pca-3", "component 3"),
        ("hairColor-#592454", "hair color #592454"),
        ("eyes-variant20", "eyes variant20"),
        ("glasses", "glasses"),
    ],
)
def test_directions_are_named_for_people(name, title):
    assert titled(name) == title


def test_the_start_page_counts_in_words():
    one = [Room(ganzoo.card("dcgan-mnist"), "dcgan-mnist", "<img>")]
    assert "A generative adversarial network that draws" in start_page(one)
    assert "2 generative adversarial networks that draw" in start_page(2 * one)
    page = start_page(one, [ganzoo.card("r3gan-cifar10")])
    assert "Recipes without weights" in page and "<code>r3gan-cifar10</code>" in page
    assert "Recipes without weights" not in start_page(one)


def test_the_runtime_and_the_script_are_small():
    assert len(runtime_script()) + len(page_script()) < MOST


def test_each_page_is_one_script_and_they_have_all_modules():
    """No module is left out, none of them is left to load, and each runs before its users."""
    left = {path.stem for path in (BROWSER / "page").glob("*.js")} - {"worker"}
    for script in (page_script(), page_script("training")):
        made = re.findall(r"^const (\w+)_js = ", script, re.MULTILINE)
        assert len(made) == len(set(made))
        assert not re.search(r"^(import|export)\b", script, re.MULTILINE)
        for user, used in re.findall(r"^const \{[^}]*\} = (\w+)_js;()", script, re.MULTILINE):
            assert user in made and not used
        left -= set(made)
    assert not left


def test_pages_forbid_the_network():
    for page in ("model.html", "gallery.html"):
        (policy,) = re.findall(
            r'http-equiv="Content-Security-Policy" content="([^"]+)"',
            (BROWSER / page).read_text(encoding="utf-8"),
        )
        assert policy.startswith("default-src 'none';")
        assert "connect-src" not in policy and "http" not in policy


def test_a_cards_own_words_become_html():
    text = """---
license: mit
---

# a-model

Draws **small** [digits](https://example.org) & <letters>, see [here](../x.md).

![64 samples](samples.png)

## Use

```sh
ganzoo sample a-model
```

(As the command draws them.)

## Limits

- Draws `7` badly.
- Has no
  eights.
"""
    assert prose(text) == {
        "": '<p>Draws <strong>small</strong> <a href="https://example.org" rel="noreferrer">digits'
        "</a> &amp; &lt;letters&gt;, see here.</p>",
        "Limits": "<ul><li>Draws <code>7</code> badly.</li><li>Has no eights.</li></ul>",
    }


def test_a_gallery_replaces_galleries_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(PageError, match="mine is a folder that no gallery wrote; give another"):
        check_replaceable(tmp_path / "mine", force=False)
    with pytest.raises(PageError, match="is a file; give a folder"):
        check_replaceable(tmp_path / "mine" / "thesis.txt", force=True)
    check_replaceable(tmp_path / "mine", force=True)
    check_replaceable(tmp_path / "new", force=False)


def test_a_gallery_of_nothing_is_refused_and_leaves_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert commands.ganzoo("gallery", "no-such-*") == 2
    assert "no model matches 'no-such-*'; `ganzoo list` lists the models" in capsys.readouterr().err
    said: list[str] = []
    with pytest.raises(PageError, match="there is no model that a page can show"):
        write_gallery(["no-such-model"], tmp_path / "empty", said=said.append)
    assert said[0].startswith("left out: ") and "no-such-model" in said[0]
    assert [*tmp_path.iterdir()] == []
