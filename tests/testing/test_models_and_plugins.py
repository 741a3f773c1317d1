"""Checks of model folders and of whole plugins: each finds what it is there for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from distributions import install
from distributions import offering as plugin_source
from ganzoo.cards import Catalogue, using
from ganzoo.engine.run.export import count, fingerprint
from ganzoo.errors import CheckError
from ganzoo.plugins import PluginManager
from ganzoo.plugins.distributions import installed_sources
from ganzoo.specs import Provenance, write_record
from ganzoo.testing import checks_of
from ganzoo.testing.checks import CHECKS
from ganzoo.testing.failures import Skipped
from ganzoo.testing.runner import run_one
from model_folders import describe, record_of, write_published
from tiny import TinyDiscriminator, TinyGenerator, make_plugin, tiny_plugin

# --- Models --------------------------------------------------------------------------------------


def whole(folder: Path) -> Path:
    """A model folder that lacks nothing."""
    return write_published(folder, **facts(folder))


def facts(folder: Path) -> dict[str, object]:
    network = TinyGenerator()
    return {
        "description": "A ring",
        "parameters": {"generator": count(network), "discriminator": count(TinyDiscriminator())},
        "provenance": write_record(
            Provenance(
                command="ganzoo train",
                date="2026-11-22",
                duration_s=1.0,
                images=64,
                data_hash="0" * 64,
                hardware="cpu",
                versions={"torch": "2.14"},
                threads=1,
            )
        ),
    }


def with_fingerprint(folder: Path) -> Path:
    """The folder, whose card says what its samples are like."""
    network = TinyGenerator().eval()
    network.load_state_dict(load_file(folder / "model.safetensors"))
    change(folder, fingerprint=write_record(fingerprint(network)))
    return folder


def change(folder: Path, **keys: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **keys}))


@pytest.fixture
def model(tmp_path: Path, tiny_world: Catalogue) -> Path:
    """A model folder of the tiny parts, complete and true."""
    return with_fingerprint(whole(tmp_path / "tiny-ring"))


def check(folder: Path, name: str) -> str | None:
    (found,) = [one for one in checks_of(folder) if one.name == f"check_{name}"]
    return found()


def test_a_model_that_is_right_passes_all(model):
    for one in checks_of(model):
        one()


def no_licences(folder: Path) -> None:
    change(folder, licenses=None, fingerprint=None)


def no_readme(folder: Path) -> None:
    (folder / "README.md").unlink()


def bare_names(folder: Path) -> None:
    change(folder, generator={"name": "tiny"})


def requires_nothing(folder: Path) -> None:
    change(folder, requires={})


def requires_a_later_one(folder: Path) -> None:
    change(folder, requires={"tiny": ">=2.0"})


def missing_weights(folder: Path) -> None:
    (folder / "discriminator.safetensors").unlink()


def altered_weights(folder: Path) -> None:
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def code_beside(folder: Path) -> None:
    (folder / "modeling.py").write_text("print('hello')")


def pickle_in_disguise(folder: Path) -> None:
    (folder / "notes.txt").write_bytes(b"\x80\x04\x95\x00")


def weights_beside(folder: Path) -> None:
    save_file({"a": torch.zeros(1)}, folder / "ema.safetensors")


def wrong_count(folder: Path) -> None:
    change(folder, parameters={"generator": 3})


def other_weights_with_their_hash(folder: Path) -> None:
    """What nobody but the fingerprint sees."""
    weights = load_file(folder / "model.safetensors")
    save_file({name: value + 1 for name, value in weights.items()}, folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    record = record_of(folder / "model.safetensors")
    change(folder, files={**config["files"], "model.safetensors": record})


@pytest.mark.parametrize(
    ("break_it", "name", "said"),
    [
        (no_licences, "card", "lacks licenses, fingerprint"),
        (no_readme, "card", "lacks README.md"),
        (bare_names, "requires", "by its bare name"),
        (requires_nothing, "requires", 'add "tiny": ">=0.1"'),
        (requires_a_later_one, "requires", "asks for tiny>=2.0, and 1.0 is here"),
        (missing_weights, "files", "discriminator.safetensors.* is missing"),
        (altered_weights, "files", "sha256"),
        (code_beside, "no_code", "modeling.py is code"),
        (pickle_in_disguise, "no_code", "notes.txt is code, or a file whose readers"),
        (weights_beside, "no_code", "ema.safetensors holds weights that the card does not name"),
        (wrong_count, "parameters", "says 3 parameters for the generator"),
        (other_weights_with_their_hash, "fingerprint", "differ from the card's fingerprint"),
    ],
    ids=lambda it: it.__name__ if callable(it) else None,
)
def test_a_folder_that_is_wrong_in_one_way_is_told_so(
    model: Path, break_it: Callable[[Path], None], name: str, said: str
):
    break_it(model)
    with pytest.raises(CheckError, match=said):
        check(model, name)


def test_what_arguments_name_must_be_required_too(tmp_path, world):
    world(tiny_plugin(), make_plugin("drawings", ganzoo_datasets={"inner": "tiny:TinyRing"}))
    folder = whole(tmp_path / "tiny-ring")
    recipe = json.loads((folder / "config.json").read_text())["recipe"]
    recipe["data"]["arguments"] = {"of": "inner"}
    change(folder, recipe=recipe)
    with pytest.raises(CheckError, match=r"name 'drawings/inner', .* add \"drawings\": \">=0.1\""):
        check(folder, "requires")
    change(folder, requires={"tiny": ">=0.1", "drawings": ">=0.1"})
    assert check(folder, "requires") is None


def test_every_check_of_a_model_is_tried():
    (mark,) = test_a_folder_that_is_wrong_in_one_way_is_told_so.pytestmark
    tried = {f"check_{name}" for _, name, _ in mark.args[1]}
    assert tried == {one.__name__ for one in CHECKS["model"]}


def test_a_recipe_has_no_weights_to_check(tmp_path, tiny_world):
    folder = describe(_empty(tmp_path / "tiny-ring"), description="A ring")
    with pytest.raises(Skipped, match="there are no weights yet"):
        check(folder, "files")
    assert check(folder, "card") is None


def _empty(folder: Path) -> Path:
    folder.mkdir()
    return folder


# --- Plugins -------------------------------------------------------------------------------------

GOOD = plugin_source("ganzoo_generators", {"image": "broken:Image"})
COMMAND = plugin_source("ganzoo_commands", {"mine": ("my_command:command", "Do mine.")})


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Callable[..., object]]:
    """Install a plugin of one module; returns what makes a check of it."""
    monkeypatch.syspath_prepend(tmp_path)

    def installed(source: str, needs: str = "ganzoo-core>=0.1", **modules: str):
        install(tmp_path, "my-gan", {"mine": "my_gan"}, modules={"my_gan": source, **modules})
        if needs:
            metadata = tmp_path / "my_gan-1.0.dist-info" / "METADATA"
            metadata.write_text(metadata.read_text() + f"Requires-Dist: {needs}\n")
        sources = [one for one in installed_sources() if one.distribution == "my-gan"]
        zoo = Catalogue(PluginManager(sources, strict=False))

        def check(name: str) -> object:
            with using(zoo):
                planned = [one for one in checks_of("my-gan") if one.name == f"check_{name}"]
                return planned[0]()

        return check

    yield installed
    for name in ("my_gan", "my_command"):
        sys.modules.pop(name, None)


def test_a_plugin_that_is_right_passes_all(plugin):
    check = plugin(GOOD)
    for one in CHECKS["plugin"]:
        check(one.__name__.removeprefix("check_"))


def test_a_plugin_that_does_not_load_is_told_why(plugin):
    with pytest.raises(CheckError, match="ganzoo_generatorz.*did you mean 'ganzoo_generators'"):
        plugin(GOOD.replace("ganzoo_generators", "ganzoo_generatorz"))("loads")


@pytest.mark.parametrize("heavy", ["torch", "numpy", "from torch import nn"])
def test_an_import_at_the_top_is_found_with_its_line(plugin, heavy):
    heavy = heavy if heavy.startswith("from") else f"import {heavy}"
    said = r"importing my_gan imports (torch|numpy).*move this import.*\[.*my_gan\.py:1\]"
    with pytest.raises(CheckError, match=said):
        plugin(f"{heavy}\n{GOOD}")("imports_no_torch")


def test_how_long_the_import_takes_is_told(plugin):
    assert "without torch" in plugin(GOOD)("imports_no_torch")


def test_a_distribution_that_does_not_need_the_core_is_told(plugin):
    with pytest.raises(CheckError, match='add "ganzoo-core>=0.1" to dependencies'):
        plugin(GOOD, needs="torch")("requires_the_core")


def test_models_outside_of_the_package_are_not_in_a_wheel(plugin, tmp_path):
    place = whole(tmp_path.parent / f"{tmp_path.name}-cards" / "tiny-ring").parent
    with pytest.raises(CheckError, match="a wheel would not carry it"):
        plugin(f"from pathlib import Path\n{_cards(place)}")("package_data")


def _cards(place: Path) -> str:
    return plugin_source("ganzoo_cards", ["PLACE"]).replace("'PLACE'", f"Path({str(place)!r})")


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("import nothing_here", "importing that fails: .*nothing_here"),
        ("commandd = 3", "importing that fails.*did you mean 'commandd'"),
        ("def command(): pass", "no click command; decorate it"),
    ],
)
def test_a_command_that_is_none_is_told(plugin, module, said):
    with pytest.raises(CheckError, match=said):
        plugin(COMMAND, my_command=module)("commands")


def test_every_check_of_a_plugin_is_tried():
    named = {"loads", "imports_no_torch", "requires_the_core", "package_data", "commands"}
    assert {f"check_{name}" for name in named} == {one.__name__ for one in CHECKS["plugin"]}


@pytest.fixture
def shipping(tmp_path: Path) -> Iterator[Path]:
    """The folder of a model that the tiny plugin ships, in a world of that plugin."""
    folder = whole(tmp_path / "models" / "tiny-ring")
    with using(Catalogue(PluginManager([tiny_plugin(ganzoo_cards=[folder.parent])], strict=False))):
        yield folder


def test_a_plugins_own_models_are_checked_with_it(shipping):
    assert "model/tiny-ring" in {one.subject.id for one in checks_of("tiny")}


def test_a_card_that_cannot_be_read_is_told(shipping):
    change(shipping, descripton="a ring")
    found = [one for one in checks_of("tiny") if one.subject.kind in ("plugin", "model")]
    made = [run_one(one) for one in found]
    (said,) = {one.said for one in made if one.check == "check_card"}
    assert "unknown key 'descripton'; did you mean 'description'" in said
