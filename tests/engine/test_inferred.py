"""What a training fills from its data, and what it says where given shapes do not fit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from ganzoo import Dataset
from ganzoo.build import fitted
from ganzoo.cards import Catalogue, using
from ganzoo.engine.config import config_of, hash_of, qualified, resolve, resolve_and_open
from ganzoo.engine.inferred import Facts, fit_parts
from ganzoo.engine.prepare import prepare
from ganzoo.errors import ConfigError, GanzooError, UnknownOptionError
from ganzoo.plugins import PluginManager
from ganzoo.specs import ModelConfig, Part, read_protocol, read_record, write_record
from short_runs import part
from tiny import TinyDiscriminator, TinyGenerator, tiny_plugin

CPU = torch.device("cpu")


class Sided(TinyGenerator):
    """Pictures by side and channels, as convolutional networks take them."""

    def __init__(self, size: int = 8, channels: int = 1, num_classes=None):
        super().__init__((channels, size, size), num_classes=num_classes)


class SidedDiscriminator(TinyDiscriminator):
    def __init__(self, size=8, channels=1, num_classes=None):
        sides = size if isinstance(size, list) else (size, size)
        super().__init__((channels, *sides), num_classes=num_classes)


class Told(Sided):
    """Cannot be built without the number of classes."""

    def __init__(self, num_classes: int, size: int = 8, channels: int = 1):
        super().__init__(size, channels, num_classes)


class Wide(Sided):
    """Grey whatever its `channels` are, which are those of its layers."""

    def __init__(self, size: int = 8, channels: int = 16):
        super().__init__(size, 1)


class Fixed(TinyDiscriminator):
    """Takes no shape at all."""

    def __init__(self):
        super().__init__((1, 8, 8))


class Pictures(Dataset):
    """Noise of a shape that is asked for, in three classes unless `classes` says otherwise."""

    def __init__(self, shape=(3, 6, 6), classes=3, length=64):
        self.sample_shape, self.num_classes = tuple(shape), classes
        rng = torch.Generator().manual_seed(0)
        self.pictures = torch.rand(length, *shape, generator=rng)
        self.labels = torch.arange(length) % (classes or 1)

    def __len__(self):
        return len(self.pictures)

    def batch(self, indices):
        return self.pictures[indices], self.labels[indices] if self.num_classes else None


@pytest.fixture(autouse=True)
def zoo(world, monkeypatch):
    for made in (Sided, SidedDiscriminator, Told, Wide, Fixed, Pictures):
        monkeypatch.setattr(f"tiny.{made.__name__}", made, raising=False)
    return world(
        tiny_plugin(
            ganzoo_generators={"sided": "tiny:Sided", "told": "tiny:Told", "wide": "tiny:Wide"},
            ganzoo_discriminators={"sided": "tiny:SidedDiscriminator", "fixed": "tiny:Fixed"},
            ganzoo_datasets={"pictures": "tiny:Pictures"},
        )
    )


def raw(generator="sided", discriminator="sided", data="pictures"):
    """A raw config of parts: names, or names with their arguments."""
    found = config_of("", "", "hinge", "")
    found |= {"generator": part(generator), "discriminator": part(discriminator)}
    found["recipe"] |= {"data": part(data), "batch": 16}
    return found


def asked(*parts, **named):
    """The same, resolved."""
    return resolve(raw(*parts, **named), "a test", fill=True)


def told(classes=3):
    return ("sided", {"num_classes": classes})


GREY = ("pictures", {"shape": [1, 8, 8]})
WIDE = ("pictures", {"shape": [3, 6, 4]})


# --- What is filled ---------------------------------------------------------------------------


def test_sizes_and_channels_that_nobody_gave_are_the_datas():
    config = asked()
    assert config.generator.arguments == {"channels": 3, "size": 6}
    assert config.discriminator.arguments == {"channels": 3, "size": 6}
    state, _ = prepare(config, CPU)
    assert state.generator.sample_shape == (3, 6, 6)


def test_a_whole_shape_is_filled_for_data_of_any_kind():
    config = asked("tiny", "tiny", data="pictures")
    assert config.generator.arguments == {"sample_shape": [3, 6, 6]}
    assert not asked("tiny", "tiny", data="tiny-ring").generator.arguments


def test_what_fits_by_default_is_not_written_down():
    config = asked(data=GREY)
    assert not config.generator.arguments
    assert not config.discriminator.arguments


def test_an_argument_that_means_something_else_is_left_alone():
    assert asked("wide", "sided", ("pictures", {"shape": [1, 6, 6]})).generator.arguments == {
        "size": 6
    }


def test_what_was_given_stays_and_the_rest_is_filled():
    config = asked(("sided", {"channels": 3}), ("sided", {"size": 6, "channels": 3}))
    assert config.generator.arguments == {"channels": 3, "size": 6}
    assert config.discriminator.arguments == {"size": 6, "channels": 3}


def test_nobody_is_told_the_class_who_did_not_ask():
    config = asked()
    assert "num_classes" not in config.generator.arguments
    assert prepare(config, CPU)[1].conditional is False


def test_classes_without_which_a_network_cannot_be_built_are_the_datas():
    config = asked("told", told())
    assert config.generator.arguments["num_classes"] == 3
    assert prepare(config, CPU)[1].conditional is True


def test_a_filled_recipe_is_the_one_that_is_resolved_again():
    config = asked()
    again = resolve(json.loads(json.dumps(write_record(config))), "again", fill=True)
    assert hash_of(again) == hash_of(config)


def test_what_was_filled_before_needs_no_data(monkeypatch):
    config = asked()
    monkeypatch.setattr(Pictures, "__init__", lambda self, **given: 1 / 0)
    assert resolve(raw(), "again", known=config, fill=True) == config


def test_another_recipe_is_not_taken_for_what_was_filled():
    config = asked(("tiny", {"sample_shape": [3, 6, 6], "width": 8}), "tiny")
    again = resolve(raw("tiny", "tiny"), "again", known=config, fill=True)
    assert again.generator.arguments == {"sample_shape": [3, 6, 6]}


def test_data_without_a_size_takes_that_of_the_network_that_was_given_one(tmp_path, home):
    for colour in ("red", "blue"):
        Image.new("RGB", (20, 20), colour).save(tmp_path / f"{colour}.png")
    folder = ("folder", {"path": str(tmp_path)})
    config = asked("sided", ("sided", {"size": 16, "channels": 3}), folder)
    assert config.recipe.data.arguments == {"path": str(tmp_path), "channels": 3, "size": 16}
    assert config.generator.arguments == {"channels": 3, "size": 16}


def test_what_a_data_set_warns_of_is_told_once(tmp_path, home, caplog):
    for colour in ("red", "blue"):
        Image.new("RGB", (20, 20), colour).save(tmp_path / f"{colour}.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    given = {"path": str(tmp_path), "size": 6, "channels": 3}
    config, data = resolve_and_open(raw(data=("folder", given)), "a test", fill=True)
    config = replace(config, recipe=replace(config.recipe, batch=2))
    prepare(config, CPU, data=data)
    assert caplog.text.count("broken.png") == 1


# --- What is refused --------------------------------------------------------------------------


LARGE = ("sided", {"size": 32})
BIG_GREY = ("sided", {"size": 8, "channels": 1})


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (
            [("sided", {"size": 8})],
            r"pictures has \[3, 6, 6\], the generator has \[3, 8, 8\], .*what fits: "
            r"--set generator.arguments.size=6$",
        ),
        (
            [BIG_GREY, BIG_GREY],
            "what fits: --set generator.arguments.size=6 --set generator.arguments.channels=3 "
            "--set discriminator.arguments.size=6 --set discriminator.arguments.channels=3$",
        ),
        (
            [("tiny", {"sample_shape": [2]})],
            r"what fits: --set 'generator.arguments.sample_shape=\[3,6,6\]'$",
        ),
        (
            ["sided", "fixed"],
            "the discriminator tiny/fixed cannot have the data's shape; take another "
            r"\(these can: .*sided",
        ),
        (
            ["sided", "sided", "tiny-ring"],
            r"tiny-ring has \[2\].*the generator tiny/sided cannot have the data's shape; take "
            r"another \(these can: .*tiny",
        ),
        (
            [LARGE, LARGE, "mnist-mini"],
            "size=28 --set discriminator.arguments.size=28, or --set data.arguments.size=32$",
        ),
    ],
)
def test_shapes_that_clash_name_the_datas_and_what_fits(parts, text):
    config = asked(*parts)
    with pytest.raises(ConfigError, match=text) as raised:
        prepare(config, CPU)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (
            [told()],
            "the generator has 3 classes and the discriminator has none; the data has 3: "
            "--set discriminator.arguments.num_classes=3 fits",
        ),
        (["sided", told()], "the discriminator has 3 classes and the generator has none; the da"),
        ([told(), "fixed", GREY], "tiny/fixed takes no num_classes: take another"),
        ([told(), "sided", ("pictures", {"classes": None})], "has no labels: leave num_classes"),
    ],
)
def test_a_class_that_one_player_is_told_names_the_datas_number(parts, text):
    with pytest.raises(ConfigError, match=text):
        prepare(asked(*parts), CPU)


def test_a_misspelt_argument_is_told_as_such():
    with pytest.raises(UnknownOptionError, match="takes no argument 'widht'"):
        asked(("sided", {"widht": 3}))


def test_classes_of_data_that_has_none_are_refused():
    with pytest.raises(ConfigError, match="generator tiny/told needs num_classes, and the data"):
        asked("told", data=("pictures", {"classes": None}))


class Sixteens(Sided):
    """Has layers for sides of 8 and 16, and for widths in groups."""

    def __init__(self, size: int = 8, channels: int = 1, groups: int = 1, odd: bool = False):
        if size not in (8, 16):
            raise ValueError(f"size is 8 or 16, found {size}")
        if 8 % groups:
            raise ValueError(f"8 is no multiple of groups {groups}")
        if odd:
            raise RuntimeError("no kernel")
        super().__init__(size, channels)


PHOTOS = ("photos", {"size": 6})


class Photos(Pictures):
    def __init__(self, size: int = 6):
        super().__init__((3, size, size))


@pytest.mark.parametrize(
    ("generator", "data", "text"),
    [
        (
            {},
            "pictures",
            r"^the generator tiny/sixteens has no layers for the data set tiny/pictures, whose "
            r"samples are \[3, 6, 6\]: size is 8 or 16, found 6; take data of another shape, or "
            "another generator$",
        ),
        ({}, PHOTOS, r"take data of such a size \(--set data.arguments.size=...\), or another gen"),
        (
            {"groups": 3},
            ("pictures", {"shape": [3, 8, 8]}),
            r"^generator tiny/sixteens\(groups=3\) cannot be built: 8 is no multiple of groups 3$",
        ),
        (
            {"odd": True},
            ("pictures", {"shape": [3, 8, 8]}),
            r"^generator tiny/sixteens\(odd=True, channels=3\) cannot be built: RuntimeError: no k",
        ),
    ],
)
def test_a_network_that_cannot_be_built_for_the_data_says_why(
    world, monkeypatch, generator, data, text
):
    for made in (Sixteens, Photos):
        monkeypatch.setattr(f"tiny.{made.__name__}", made, raising=False)
    world(
        tiny_plugin(
            ganzoo_generators={"sixteens": "tiny:Sixteens"},
            ganzoo_datasets={"pictures": "tiny:Pictures", "photos": "tiny:Photos"},
        )
    )
    with pytest.raises(GanzooError, match=text):
        asked(("sixteens", generator), "tiny", data)


# --- Rectangles -------------------------------------------------------------------------------


def test_sides_go_to_a_part_that_may_take_them():
    config = asked("tiny", "sided", WIDE)
    assert config.generator.arguments == {"sample_shape": [3, 6, 4]}
    assert config.discriminator.arguments == {"channels": 3, "size": [6, 4]}


def test_a_part_whose_size_is_a_number_gets_no_sides():
    config = asked("sided", "sided", WIDE)
    assert config.generator.arguments == {"channels": 3}
    with pytest.raises(ConfigError, match="generator tiny/sided cannot have the data's shape"):
        prepare(config, CPU)


def test_data_that_needs_a_size_gets_a_side_of_squares():
    assert fitted(Part("folder", {"path": "x"}), (3, 8, 8)).arguments["size"] == 8


# --- What is published stays ------------------------------------------------------------------


def published() -> list[tuple[str, dict]]:
    root = Path(__file__).parents[2]
    cards = sorted(root.glob("zoo_cards/*/config.json"))
    found = [(path.parent.name, json.loads(path.read_text())) for path in cards]
    for path in sorted(root.glob("plugins/*/src/*/protocols/*.json")):
        protocol = read_protocol(path)
        found += [
            (f"{path.stem}: {entry.name}", protocol.config_of(protocol.table_of(entry), entry))
            for entry in protocol.entries
            if not entry.weights
        ]
    return found


SHAPES = {
    "mnist": ((1, 28, 28), 10),
    "fashion-mnist": ((1, 28, 28), 10),
    "letters": ((1, 32, 32), 26),
    "stacked-mnist": ((3, 32, 32), 1000),
    "faces": ((3, 64, 64), None),
    "pixel-faces": ((3, 16, 16), None),
    "pairs": ((3, 32, 32), None),
    "unpaired": ((3, 32, 32), None),
    "cifar10": ((3, 32, 32), 10),
    "surnames": ((27, 13), None),
    "chorales": ((4, 64, 54), None),
    "oracle": ((100, 20), None),
    "ring": ((2,), 8),
    "grid": ((2,), 25),
}


def test_what_is_published_is_filled_with_nothing():
    count = 0
    with using(Catalogue(PluginManager())):
        for name, given in published():
            config = qualified(read_record(ModelConfig, given, name))
            bare = config.recipe.data.name.rpartition("/")[2]
            shape, classes = SHAPES[bare]
            if config.kind == "alphabet":
                shape = (26, *shape[1:])
            of_pairs = bare in ("pairs", "unpaired")
            told = config.generator if of_pairs else config.recipe.data
            side = told.arguments.get("size")
            shape = shape if side is None else (shape[0], side, side)
            assert fit_parts(config, Facts(bare, shape, classes)) == config, name
            count += 1
    assert count >= 6
