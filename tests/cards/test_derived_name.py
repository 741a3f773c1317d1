"""Whose settings win where a model's parts are changed, and what the training is called then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest

from ganzoo import Loss
from ganzoo.cards import catalogue, derived_name, overrides
from tiny import tiny_plugin


def derived(*arguments):
    return derived_name.derived(catalogue().registry, *arguments)


def changed(*arguments):
    return overrides.changed(catalogue().registry, *arguments)


ADAM = {"name": "adam", "lr": 1e-4, "arguments": {"betas": [0.0, 0.9]}}
RMSPROP = {"name": "rmsprop", "lr": 5e-5, "arguments": {"momentum": 0.0}}


class Critic(Loss):
    """Asks for what its paper trains with."""

    recipe: ClassVar[Mapping[str, object]] = {
        "discriminator_steps": 5,
        "optimizers": {"generator": ADAM, "discriminator": ADAM},
    }

    def __init__(self, penalty: float = 10.0):
        self.penalty = penalty

    def discriminator(self, round):
        return {"critic": round.discriminator(round.fake) - round.discriminator(round.real)}

    def generator(self, round):
        return {"generator": -round.discriminator(round.fake)}


class Clipped(Critic):
    recipe: ClassVar[Mapping[str, object]] = {
        "discriminator_steps": 5,
        "optimizers": {"generator": RMSPROP, "discriminator": RMSPROP},
    }

    def __init__(self, clip: float = 0.01):
        self.clip = clip


def made_critic(penalty: float = 10.0) -> Critic:
    """A loss that a function makes."""
    return Critic(penalty)


@pytest.fixture(autouse=True)
def zoo(world, monkeypatch):
    for part in (Critic, Clipped, made_critic):
        monkeypatch.setattr(f"tiny.{part.__name__}", part, raising=False)
    losses = {"critic": "tiny:Critic", "clipped": "tiny:Clipped", "made": "tiny:made_critic"}
    return world(tiny_plugin(ganzoo_losses=losses))


def card(loss="non-saturating", arguments=None, **recipe):
    """A published model's config, its recipe written out."""
    own = {"name": "adam", "lr": 1e-3, "arguments": {"betas": [0.5, 0.99]}, "schedule": None}
    return {
        "ganzoo_config": 1,
        "name": "tiny-ring",
        "description": "Small; its own game",
        "licenses": {"code": "MIT", "weights": "MIT", "data": "CC0-1.0"},
        "generator": {"name": "tiny/tiny", "arguments": {"width": 8}},
        "discriminator": {"name": "tiny/tiny", "arguments": {"width": 8}},
        "recipe": {
            "loss": {"name": loss, "arguments": arguments or {}},
            "data": {"name": "tiny/tiny-ring", "arguments": {"length": 128}},
            "optimizers": {"generator": own, "discriminator": own},
            "discriminator_steps": 1,
            "batch": 64,
            "images": 1000,
            **recipe,
        },
    }


def lossy():
    return card("ganzoo/non-saturating", {"r1_gamma": 0.1, "penalty_interval": 4})


def clipped():
    """A card whose optimizers are the loss's, but for the rate."""
    own = {**RMSPROP, "lr": 5e-4, "schedule": None}
    return card("tiny/clipped", {"clip": 0.05}, discriminator_steps=5,
                optimizers={"generator": own, "discriminator": own})  # fmt: skip


# --- Whose settings win -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "setting",
    [("recipe.loss.name", "critic"), ("recipe.loss", {"name": "critic"}),
     ("recipe.loss.name", "made")],
)  # fmt: skip
def test_a_new_loss_brings_what_it_asks_for_and_nothing_of_the_old(setting):
    raw, notes = changed(lossy(), [setting], "tiny-ring")
    recipe = raw["recipe"]
    assert not recipe["loss"].get("arguments")
    assert recipe["discriminator_steps"] == 5
    assert recipe["optimizers"]["generator"] == {**ADAM, "schedule": None}
    assert (recipe["batch"], recipe["images"]) == (64, 1000)
    name = setting[1] if isinstance(setting[1], str) else "critic"
    assert notes == [
        f"loss {name} in place of non-saturating: penalty_interval, r1_gamma left out; "
        f"discriminator_steps, optimizers as {name} requires; all else as in tiny-ring"
    ]


def test_what_the_user_said_stands_above_the_new_loss():
    settings = [
        ("recipe.optimizers.generator.lr", 0.5),
        ("recipe.loss.name", "critic"),
        ("recipe.loss.arguments.penalty", 1.0),
        ("recipe.discriminator_steps", 2),
    ]
    raw, notes = changed(lossy(), settings)
    assert raw["recipe"]["loss"] == {"name": "critic", "arguments": {"penalty": 1.0}}
    assert raw["recipe"]["discriminator_steps"] == 2
    assert raw["recipe"]["optimizers"]["generator"] == {**ADAM, "lr": 0.5, "schedule": None}
    assert "; optimizers as critic requires" in notes[0]


def test_an_optimizer_that_the_user_names_takes_no_arguments_of_the_losss():
    settings = [("recipe.loss.name", "critic"), ("recipe.optimizers.generator.name", "sgd")]
    optimizers = changed(lossy(), settings)[0]["recipe"]["optimizers"]
    assert optimizers["generator"] == {"name": "sgd", "lr": 1e-4, "schedule": None}
    assert optimizers["discriminator"] == {**ADAM, "schedule": None}


def test_what_came_with_the_old_loss_goes_with_it():
    raw, notes = changed(clipped(), [("recipe.loss.name", "hinge")], "clipped-ring")
    assert "discriminator_steps" not in raw["recipe"]
    assert raw["recipe"]["optimizers"] == {}
    assert notes == [
        "loss hinge in place of clipped: clip left out; discriminator_steps, optimizers of clipped "
        "left out; all else as in clipped-ring"
    ]


def test_what_a_card_chose_against_its_loss_stays():
    base = card("tiny/critic", discriminator_steps=1)
    raw, _ = changed(base, [("recipe.loss.name", "hinge")])
    assert raw["recipe"]["discriminator_steps"] == 1
    assert raw["recipe"]["optimizers"]["generator"]["lr"] == 1e-3
    assert raw["recipe"]["optimizers"]["generator"]["arguments"] == {"betas": [0.5, 0.99]}


@pytest.mark.parametrize("name", ["non-saturating", "ganzoo/non-saturating"])
def test_the_same_loss_under_either_name_changes_nothing(name):
    raw, notes = changed(lossy(), [("recipe.loss.name", name)])
    assert raw["recipe"]["loss"]["arguments"] == {"r1_gamma": 0.1, "penalty_interval": 4}
    assert notes == []


@pytest.mark.parametrize(
    ("path", "name", "text"),
    [
        ("generator", "other", "generator other in place of tiny: width left out"),
        ("discriminator", "other", "discriminator other in place of tiny: width left out"),
        ("recipe.data", "ring", "dataset ring in place of tiny-ring: length left out"),
        ("recipe.optimizers.generator", "sgd",
         "optimizers.generator sgd in place of adam: betas left out"),
    ],
)  # fmt: skip
def test_arguments_of_another_part_do_not_carry_over(path, name, text):
    base = lossy()
    raw, notes = changed(base, [(f"{path}.name", name)])
    found = raw
    for key in path.split("."):
        found = found[key]
    assert found["name"] == name
    assert "arguments" not in found
    assert notes == [text]
    assert base == lossy()


def test_schedules_of_what_the_old_part_was_given_go_with_it():
    moves = {"name": "linear", "arguments": {"to": 0.0}}
    paths = ("loss.arguments.r1_gamma", "optimizers.generator.lr")
    base = lossy()
    base["recipe"]["schedules"] = dict.fromkeys(paths, moves)
    raw, _ = changed(base, [("recipe.loss.name", "hinge")])
    assert [*raw["recipe"]["schedules"]] == ["optimizers.generator.lr"]
    assert [*changed(base, [("recipe.batch", 32)])[0]["recipe"]["schedules"]] == [*paths]


def test_an_optimizer_of_another_name_keeps_its_rate():
    raw, _ = changed(lossy(), [("recipe.optimizers.generator.name", "sgd")])
    assert raw["recipe"]["optimizers"]["generator"] == {
        "name": "sgd", "lr": 1e-3, "schedule": None
    }  # fmt: skip


# --- What it is called ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "text", "short"),
    [
        ([("recipe.loss.name", "hinge")], "with loss hinge", "tiny-ring-loss-hinge"),
        ([("recipe.loss.name", "critic")], "with loss critic", "tiny-ring-loss-critic"),
        (
            [("recipe.loss.name", "critic"), ("recipe.loss.arguments.penalty", 1.0)],
            "with loss critic (penalty 1.0)",
            "tiny-ring-loss-critic-penalty-1.0",
        ),
        ([("recipe.batch", 32)], "with batch 32", "tiny-ring-batch-32"),
        ([("generator.arguments.width", 4)], "with generator width 4", "tiny-ring-generator-wi.*"),
        (
            [("recipe.data.name", "folder"), ("recipe.data.arguments.path", "/home/me/photos")],
            r"with data folder \(photos\)",
            "tiny-ring-data-folder-photos",
        ),
        (
            [("recipe.batch", 32), ("recipe.images", 20_000)],
            "with batch 32, 20,000 images",
            "tiny-ring-batch-32",
        ),
        (
            [(f"generator.arguments.a{number}", number) for number in range(9)],
            "with generator a0 0, .*, 3 other changes",
            "tiny-ring-generator-a0-0-.*",
        ),
        ([("recipe.loss", {"name": "ganzoo/non-saturating"})],
         "with loss penalty_interval left out, loss r1_gamma left out", "tiny-ring-loss-.*"),
    ],
)  # fmt: skip
def test_what_differs_is_no_longer_called_so_and_says_whence_it_comes(settings, text, short):
    import re

    raw, _, folder = derived(lossy(), settings, "tiny-ring")
    assert raw.get("name") is None
    text = text if "\\" in text or ".*" in text else re.escape(text)
    assert re.fullmatch(f"tiny-ring {text}", raw["description"])
    assert re.fullmatch(short, folder)
    assert len(folder) < 100


@pytest.mark.parametrize(
    "settings",
    [
        [],
        [("recipe.seed", 7)],
        [("recipe.data.arguments.strict", True)],
        [("recipe.batch", 64), ("recipe.loss.name", "non-saturating")],
        [("recipe.precision", "auto")],
    ],
)
def test_what_is_the_same_kind_of_model_keeps_its_name(settings):
    raw, _, folder = derived(lossy(), settings, "tiny-ring")
    assert (raw["name"], raw["description"], folder) == ("tiny-ring", "Small; its own game", "")
    assert raw["licenses"] == lossy()["licenses"]


def test_another_number_of_images_is_said_once():
    settings = [("recipe.images", 20_000)]
    raw, _, folder = derived(lossy(), settings, "tiny-ring")
    assert raw["name"] == "tiny-ring"
    assert raw["description"] == "Small; its own game; 20,000 images"
    again, _, _ = derived(raw, [("recipe.images", 50_000)], "tiny-ring")
    assert again["description"] == "Small; its own game; 50,000 images"
    assert folder == ""


def test_a_name_and_a_description_that_the_user_gives_stand():
    settings = [("recipe.loss.name", "hinge"), ("name", "mine"), ("description", "Mine")]
    raw, _, folder = derived(lossy(), settings, "tiny-ring")
    assert (raw["name"], raw["description"], folder) == ("mine", "Mine", "")


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ([("recipe.loss.name", "hinge")], True),
        ([("generator.name", "other")], False),
        ([("recipe.data.name", "ring")], False),
        ([("recipe.data.arguments.length", 64)], False),
    ],
)
def test_licences_stay_where_networks_and_data_do(settings, kept):
    assert ("licenses" in derived(lossy(), settings, "tiny-ring")[0]) is kept


def test_a_start_from_weights_is_said():
    raw, _, folder = derived(lossy(), [], "tiny-ring", "tiny-ring")
    assert (raw.get("name"), raw["description"]) == (None, "tiny-ring, from its weights")
    assert folder == "tiny-ring-from-its-weights"
    raw, _, _ = derived(lossy(), [("recipe.batch", 32)], "tiny-ring", "other")
    assert raw["description"] == "tiny-ring with batch 32, from the weights of other"


def test_parts_that_no_model_brings_have_neither_name_nor_description():
    raw, _, folder = derived(lossy(), [("recipe.batch", 32)])
    assert folder == ""
    assert raw["description"] == "Small; its own game"


def test_a_schedule_of_another_name_takes_the_place_of_the_cards(zoo):
    """Its key holds dots: the number's path."""
    moved = {"loss.arguments.gamma": {"name": "linear", "arguments": {"to": 0.5}}}
    other = {"loss.arguments.gamma": {"name": "inverse-sqrt"}}
    raw, notes = changed(card(schedules=moved), [("recipe.schedules", other)])
    assert raw["recipe"]["schedules"] == other
    assert notes == ["schedules.loss.arguments.gamma inverse-sqrt in place of linear: to left out"]


@pytest.mark.parametrize("place", ["generator", "discriminator", "recipe", "recipe.loss"])
@pytest.mark.parametrize("value", ["critic", 3, None, []])
def test_what_is_no_part_is_left_for_the_reader_to_refuse(place, value):
    raw, _, _ = derived(card(), [(place, value)], "model")
    for key in place.split("."):
        raw = raw[key]
    assert raw == value
