from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ganzoo
from ganzoo.cards import Catalogue
from ganzoo.errors import PartError, PluginError, UnknownNameError, UnknownOptionError
from ganzoo.plugins import PluginManager, PluginSource
from ganzoo.plugins.registry import Registry
from model_folders import only_official, write_recipe
from tiny import TinyDiscriminator, TinyGenerator, make_plugin, tiny_plugin


@pytest.fixture
def registry(tiny_world: Catalogue) -> Registry:
    return only_official(tiny_world).registry


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Write the module `parts_of_test`, which is forgotten after the test."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(source: str) -> str:
        (tmp_path / "parts_of_test.py").write_text(source)
        return "parts_of_test"

    yield write
    sys.modules.pop("parts_of_test", None)


# Finding


@pytest.mark.parametrize("name", ["tiny", "tiny/tiny"])
def test_a_part_is_found_by_bare_and_by_qualified_name(registry: Registry, name: str) -> None:
    assert registry.find("generator", name).qualified == "tiny/tiny"


def test_a_name_is_of_its_kind_only(registry: Registry) -> None:
    with pytest.raises(UnknownNameError, match=r"there is no loss 'tiny'; known: .*'?hinge"):
        registry.find("loss", "tiny")


@pytest.mark.parametrize(
    ("kind", "asked", "near"),
    [
        ("loss", "hing", "hinge"),
        ("loss", "nonsaturating", "non-saturating"),
        ("generator", "tinny", "tiny"),
        ("dataset", "tiny-rings", "tiny-ring"),
        ("loss", "ganzoo/hing", "hinge"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(
    registry: Registry, kind: str, asked: str, near: str
) -> None:
    with pytest.raises(UnknownNameError, match=f"no {kind} '{asked}'; did you mean .*{near}'"):
        registry.find(kind, asked)


def test_an_unknown_name_with_nothing_near_lists_the_known(registry: Registry) -> None:
    with pytest.raises(UnknownNameError, match=r"no loss 'zzz'; known: hinge, least-squares"):
        registry.find("loss", "zzz")


def test_a_kind_that_nobody_offers_says_so() -> None:
    with pytest.raises(UnknownNameError, match="no generator 'mlp'; known: none"):
        Registry(PluginManager([])).find("generator", "mlp")


def test_an_unknown_plugin_suggests_the_nearest(registry: Registry) -> None:
    with pytest.raises(
        UnknownNameError, match="no plugin 'tinny' is installed; did you mean 'tiny"
    ):
        registry.find("generator", "tinny/tiny")


def test_an_unknown_plugin_lists_the_installed(registry: Registry) -> None:
    with pytest.raises(UnknownNameError, match="no plugin 'zzz' is installed; installed: tiny"):
        registry.find("generator", "zzz/tiny")


def test_a_part_of_a_broken_plugin_says_what_broke_it() -> None:
    def load() -> None:
        raise RuntimeError("no luck")

    registry = Registry(PluginManager([PluginSource("broken", "1.0", load)]))  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="broken is installed but: RuntimeError: no luck"):
        registry.find("generator", "broken/net")


def test_names_are_bare_where_they_are_clear_and_qualified_where_not() -> None:
    one = make_plugin("one", ganzoo_losses={"mine": "a:b", "hinge": "a:b", "own": "a:b"})
    two = make_plugin("two", ganzoo_losses={"mine": "a:b"})
    names = Registry(PluginManager([one, two])).names("loss")
    assert names == sorted(names)
    assert {"hinge", "own", "one/hinge", "one/mine", "two/mine"} <= set(names)
    assert "mine" not in names


def test_every_name_that_is_listed_is_found() -> None:
    one = make_plugin("one", ganzoo_losses={"mine": "a:b", "hinge": "a:b"})
    two = make_plugin("two", ganzoo_losses={"mine": "a:b"})
    registry = Registry(PluginManager([one, two]))
    for name in registry.names("loss"):
        assert registry.find("loss", name).name == name.rpartition("/")[2]


def test_entries_are_all_parts_of_a_kind_by_name(registry: Registry) -> None:
    names = [entry.name for entry in registry.offers("dataset")]
    assert names == sorted(names)
    assert "tiny-ring" in names


# What to install


def hint(name: str, *sources: PluginSource, place: Path, official: bool) -> str:
    """What is said of a generator that no plugin offers, beside a card that uses it."""
    if official:
        catalogue = only_official(Catalogue(PluginManager(sources)), place)
    else:
        offering = make_plugin("others", ganzoo_cards=[place])
        catalogue = only_official(Catalogue(PluginManager([offering, *sources])))
    with pytest.raises(UnknownNameError) as caught:
        catalogue.registry.find("generator", name)
    return str(caught.value)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with one model, whose generator is `ganzoo-style/style`."""
    write_recipe(tmp_path / "cards" / "style-ring", generator={"name": "ganzoo-style/style"})
    return tmp_path / "cards"


@pytest.mark.parametrize("name", ["style", "ganzoo-style/style"])
def test_an_official_card_says_to_install_from_the_checkout(place: Path, name: str) -> None:
    assert hint(name, place=place, official=True) == (
        f"there is no generator {name!r}; ganzoo-style offers it; "
        "install it: pip install ./plugins/ganzoo-style"
    )


@pytest.mark.parametrize("name", ["style", "ganzoo-style/style"])
def test_a_third_partys_card_says_to_install_by_name(place: Path, name: str) -> None:
    assert hint(name, place=place, official=False) == (
        f"there is no generator {name!r}; ganzoo-style offers it; "
        "install it: pip install ganzoo-style"
    )


def test_a_broken_plugin_that_would_offer_it_is_not_installed_again(place: Path) -> None:
    def load() -> None:
        raise RuntimeError("no luck")

    broken = PluginSource("ganzoo-style", "1.0", load)  # type: ignore[arg-type]
    said = hint("style", broken, place=place, official=True)
    assert "ganzoo-style offers it; it is installed but broken: RuntimeError: no luck" in said


def test_a_working_plugin_that_lacks_the_part_is_not_installed_again(place: Path) -> None:
    working = make_plugin("ganzoo-style", ganzoo_generators={"styles": "a:b"})
    said = hint("style", working, place=place, official=True)
    assert "did you mean 'styles'" in said


def test_a_part_of_another_kind_is_no_hint(place: Path) -> None:
    catalogue = only_official(Catalogue(PluginManager([])), place)
    with pytest.raises(UnknownNameError) as caught:
        catalogue.registry.find("loss", "style")
    assert "ganzoo-style" not in str(caught.value)


def test_a_bare_name_in_a_card_is_no_hint(tmp_path: Path) -> None:
    write_recipe(tmp_path / "cards" / "style-ring", generator={"name": "style"})
    assert "offers it" not in hint("style", place=tmp_path / "cards", official=True)


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("discriminator", {"discriminator": {"name": "ganzoo-style/style"}}),
        (
            "loss",
            {
                "recipe": {
                    "loss": {"name": "ganzoo-style/style"},
                    "data": {"name": "tiny/tiny-ring"},
                }
            },
        ),
        (
            "dataset",
            {"recipe": {"data": {"name": "ganzoo-style/style"}, "loss": {"name": "ganzoo/hinge"}}},
        ),
    ],
)
def test_every_kind_of_part_that_a_card_names_has_a_hint(
    kind: str, keys: dict[str, object], tmp_path: Path
) -> None:
    write_recipe(tmp_path / "cards" / "style-ring", **keys)
    catalogue = only_official(Catalogue(PluginManager([tiny_plugin()])), tmp_path / "cards")
    with pytest.raises(UnknownNameError, match=r"pip install ./plugins/ganzoo-style"):
        catalogue.registry.find(kind, "style")


# Building


def test_a_part_is_built_with_its_arguments(tiny_world: Catalogue) -> None:
    generator = ganzoo.create_generator("tiny", latent_dim=3, sample_shape=[5])
    assert isinstance(generator, TinyGenerator)
    assert (generator.latent_dim, generator.sample_shape) == (3, (5,))


def test_a_discriminator_and_a_loss_are_built(tiny_world: Catalogue) -> None:
    assert isinstance(ganzoo.create_discriminator("tiny/tiny"), TinyDiscriminator)
    assert isinstance(ganzoo.create_loss("hinge", r1_gamma=0.5), ganzoo.Loss)


def test_an_unknown_argument_suggests_the_nearest(tiny_world: Catalogue) -> None:
    message = "generator tiny/tiny takes no argument 'latent_dims'; did you mean 'latent_dim'"
    with pytest.raises(UnknownOptionError, match=message):
        ganzoo.create_generator("tiny", latent_dims=3)


def test_an_unknown_argument_with_nothing_near_lists_the_known(tiny_world: Catalogue) -> None:
    message = "takes no argument 'zzz'; it takes: latent_dim, num_classes, sample_shape, width"
    with pytest.raises(UnknownOptionError, match=message):
        ganzoo.create_generator("tiny", zzz=3)


@pytest.mark.parametrize("argument", ["self", "name", "part"])
def test_an_argument_that_ganzoo_itself_uses_is_an_unknown_one(
    tiny_world: Catalogue, argument: str
) -> None:
    with pytest.raises(UnknownOptionError, match=f"takes no argument '{argument}'"):
        ganzoo.create_generator("tiny", **{argument: 1})


def test_a_constructor_that_raises_is_a_part_error_with_its_arguments(
    tiny_world: Catalogue,
) -> None:
    message = r"generator tiny/tiny\(width='wide'\) cannot be built: TypeError"
    with pytest.raises(PartError, match=message) as caught:
        ganzoo.create_generator("tiny", width="wide")
    assert isinstance(caught.value.__cause__, TypeError)


def test_a_part_that_says_which_argument_it_refuses_is_quoted_with_that_one(
    world: Callable[..., Catalogue], module: Callable[[str], str]
) -> None:
    name = module("def make(size, width, depth):\n    raise ValueError(f'size is 4, found {size}')")
    world(make_plugin("own", ganzoo_generators={"mine": f"{name}:make"}))
    message = r"^generator own/mine\(size=48\) cannot be built: size is 4, found 48$"
    with pytest.raises(PartError, match=message):
        ganzoo.create_generator("mine", width=8, depth=2, size=48)


def test_an_error_of_ganzoos_own_passes_through_unchanged(
    world: Callable[..., Catalogue], module: Callable[[str], str]
) -> None:
    name = module(
        "from ganzoo import GanzooError\n\ndef make():\n    raise GanzooError('say this')"
    )
    world(make_plugin("own", ganzoo_generators={"mine": f"{name}:make"}))
    with pytest.raises(ganzoo.GanzooError, match=r"^say this$"):
        ganzoo.create_generator("mine")


@pytest.mark.parametrize(
    "annotation",
    ["int", "float", "int | None", "'int'", "float | int", "tuple[int, ...]", "list[int] | int"],
)
@pytest.mark.parametrize("future", ["from __future__ import annotations\n", ""])
def test_text_for_a_number_is_told_from_the_number(
    world: Callable[..., Catalogue], module: Callable[[str], str], annotation: str, future: str
) -> None:
    name = module(f"{future}def make(size: {annotation} = 28):\n    raise ValueError(size)")
    world(make_plugin("own", ganzoo_generators={"mine": f"{name}:make"}))
    message = "generator own/mine: size must be a number, found the text '64'; give size=64$"
    with pytest.raises(PartError, match=message):
        ganzoo.create_generator("mine", size="64")
    with pytest.raises(PartError, match="found the text 'big'$"):
        ganzoo.create_generator("mine", size="big")
    with pytest.raises(PartError, match="cannot be built: ValueError: 64"):
        ganzoo.create_generator("mine", size=64)


@pytest.mark.parametrize("future", ["from __future__ import annotations\n", ""])
def test_text_for_a_number_is_told_where_the_annotation_has_a_name_of_its_own(
    world: Callable[..., Catalogue], module: Callable[[str], str], future: str
) -> None:
    name = module(
        f"{future}from collections.abc import Sequence\nSize = int | Sequence[int]\n"
        "def make(size: Size = 28):\n    raise ValueError(size)"
    )
    world(make_plugin("own", ganzoo_generators={"mine": f"{name}:make"}))
    with pytest.raises(PartError, match="size must be a number, found the text '64'"):
        ganzoo.create_generator("mine", size="64")


@pytest.mark.parametrize("annotation", ["str", "int | str", "object", "'int | Size'", "list[str]"])
def test_text_where_text_may_be_is_passed_on(
    world: Callable[..., Catalogue], module: Callable[[str], str], annotation: str
) -> None:
    name = module(f"def make(size: {annotation} = 28):\n    raise ValueError(size)")
    world(make_plugin("own", ganzoo_generators={"mine": f"{name}:make"}))
    with pytest.raises(PartError, match="cannot be built: ValueError: 64"):
        ganzoo.create_generator("mine", size="64")


def test_a_missing_argument_is_a_part_error(
    world: Callable[..., Catalogue], module: Callable[[str], str]
) -> None:
    name = module("def make(width):\n    return width")
    world(make_plugin("own", ganzoo_generators={"mine": f"{name}:make"}))
    with pytest.raises(PartError, match=r"own/mine\(\) cannot be built: TypeError: .*'width'"):
        ganzoo.create_generator("mine")


def test_an_abstract_class_is_a_part_error(world: Callable[..., Catalogue]) -> None:
    world(make_plugin("own", ganzoo_generators={"mine": "ganzoo:Generator"}))
    with pytest.raises(PartError, match=r"generator own/mine.* cannot be built: .*abstract"):
        ganzoo.create_generator("mine")


@pytest.mark.parametrize(
    ("create", "hook", "interface"),
    [
        (ganzoo.create_generator, "ganzoo_generators", "Generator"),
        (ganzoo.create_discriminator, "ganzoo_discriminators", "Discriminator"),
        (ganzoo.create_loss, "ganzoo_losses", "Loss"),
    ],
)
def test_a_part_of_a_wrong_class_is_a_part_error(
    create: Callable[..., object], hook: str, interface: str, world: Callable[..., Catalogue]
) -> None:
    world(make_plugin("own", **{hook: {"mine": "tiny:TinyRing"}}))
    with pytest.raises(
        PartError, match=f"makes a TinyRing, .* not a subclass of ganzoo.{interface}"
    ):
        create("mine")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import surely_not_installed", "No module named 'surely_not_installed'"),
        ("raise RuntimeError('no\\nluck')", "RuntimeError: no luck"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("def broken(:", "SyntaxError"),
        ("other = 1", "has no attribute 'Mine'"),
    ],
)
def test_a_part_that_cannot_be_imported_names_its_plugin_and_target(
    source: str, reason: str, world: Callable[..., Catalogue], module: Callable[[str], str]
) -> None:
    world(make_plugin("own", ganzoo_generators={"mine": f"{module(source)}:Mine"}))
    message = f"generator own/mine: the plugin's target 'parts_of_test:Mine' .*{reason}"
    with pytest.raises(PluginError, match=message):
        ganzoo.create_generator("mine")


def test_a_module_that_is_not_there_names_the_plugin(world: Callable[..., Catalogue]) -> None:
    world(make_plugin("own", ganzoo_generators={"mine": "surely_not_installed:Mine"}))
    with pytest.raises(PluginError, match=r"own/mine.*No module named 'surely_not_installed'"):
        ganzoo.create_generator("mine")


def test_a_part_may_lie_deeper_in_its_module(
    world: Callable[..., Catalogue], module: Callable[[str], str]
) -> None:
    name = module("import tiny\n\nclass Nets:\n    small = tiny.TinyGenerator")
    world(make_plugin("own", ganzoo_generators={"mine": f"{name}:Nets.small"}))
    assert isinstance(ganzoo.create_generator("mine"), TinyGenerator)


@pytest.mark.parametrize("value", ["3", "None", "{}"])
def test_a_part_that_cannot_be_called_is_an_error_of_its_plugin(
    value: str, world: Callable[..., Catalogue], module: Callable[[str], str]
) -> None:
    world(make_plugin("own", ganzoo_generators={"mine": f"{module(f'Mine = {value}')}:Mine"}))
    with pytest.raises((PluginError, PartError), match="generator own/mine"):
        ganzoo.create_generator("mine")


def test_a_constructor_that_exits_does_not_end_the_host(
    world: Callable[..., Catalogue], module: Callable[[str], str]
) -> None:
    name = module("import sys\n\ndef make():\n    sys.exit(0)")
    world(make_plugin("own", ganzoo_generators={"mine": f"{name}:make"}))
    with pytest.raises(PartError, match=r"own/mine.* cannot be built: SystemExit: 0"):
        ganzoo.create_generator("mine")


def test_an_argument_taken_by_keywords_is_passed_on(
    world: Callable[..., Catalogue], module: Callable[[str], str]
) -> None:
    name = module("import tiny\n\ndef make(**given):\n    return tiny.TinyGenerator(**given)")
    world(make_plugin("own", ganzoo_generators={"mine": f"{name}:make"}))
    assert ganzoo.create_generator("mine", latent_dim=7).latent_dim == 7


def test_a_class_is_built_with_what_its_init_takes_whatever_a_base_makes() -> None:
    from ganzoo.interfaces import Loss
    from ganzoo.losses import Hinge
    from ganzoo.plugins.registry import parameters_of

    assert list(parameters_of(Hinge)) == ["r1_gamma", "r2_gamma", "penalty_interval"]
    assert list(parameters_of(Loss)) == ["args", "kwargs"]
    assert list(parameters_of(lambda one, two=2: None)) == ["one", "two"]
