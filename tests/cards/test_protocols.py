"""Protocol files: what the schema takes, how plugins offer them, how they are found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench_protocols import BASE, protocol_data, protocol_of, write_protocol
from commands import python
from ganzoo.bench.jobs import jobs_of, rows_of
from ganzoo.bench.protocols import find, protocols
from ganzoo.errors import ConfigError, PluginError, UnknownNameError
from ganzoo.plugins import PluginManager
from ganzoo.specs import read_protocol, read_record, write_record
from ganzoo.specs.protocol import Protocol
from tiny import make_plugin, tiny_plugin

# The schema


def test_a_protocol_is_read_and_written_back(tmp_path: Path) -> None:
    protocol = protocol_of(tmp_path)
    assert [entry.name for entry in protocol.entries] == ["gan", "hinge"]
    assert read_record(Protocol, write_record(protocol), "again") == protocol


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"seed": 3}, "unknown key 'seed'; did you mean 'seeds'"),
        ({"seeds": 0}, "seeds must be 1 or more, found 0"),
        ({"seeds": "many"}, "seeds: expected a whole number, found 'many'"),
        ({"name": "My Bench"}, "name: 'My Bench' is not a name"),
        ({"tables": []}, "tables: a protocol needs at least one"),
        ({"tables": BASE["tables"] * 2}, "tables: 'ring' is used twice"),
        ({"model": {"genrator": {"name": "tiny"}}}, "unknown key 'genrator'; did you mean 'gener"),
        ({"model": {"recipe": {"batch": 0}}}, "table ring.recipe: batch must be 1 or more"),
    ],
)
def test_what_a_protocol_does_not_take_is_told(tmp_path: Path, keys: Any, text: str) -> None:
    path = write_protocol(tmp_path, **keys)
    with pytest.raises(ConfigError, match=text) as caught:
        read_protocol(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"name": "gan", "table": "ring"}, "entries and controls: 'gan' is used twice"),
        ({"name": "ring-real", "table": "ring"}, "'ring-real' is used twice"),
        ({"name": "Gan", "table": "ring"}, "'Gan' is not a name"),
        ({"name": "new", "table": "rign"}, "there is no table 'rign'; did you mean 'ring'"),
        ({"name": "new"}, "the key 'table' is missing"),
        ({"name": "new", "table": "ring", "note": 3}, "note: expected text, found 3"),
        (
            {"name": "new", "table": "ring", "published": {"modes": "8"}},
            "published figures need published_in",
        ),
        ({"name": "new", "table": "ring", "model": {"recipe": {"bacth": 1}}}, "mean 'batch'"),
    ],
)
def test_what_an_entry_does_not_take_is_told(tmp_path: Path, entry: Any, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        protocol_of(tmp_path, entry)


def test_a_later_protocol_asks_to_upgrade_before_its_keys_are_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "later.json"
    path.write_text(json.dumps({"ganzoo_protocol": 2, "unheard": "of"}))
    with pytest.raises(ConfigError, match=r"for ganzoo_protocol 2, this ganzoo reads 1; upgrade"):
        read_protocol(path)


@pytest.mark.parametrize("text", ["[]", '{"name": "x"}', '{"ganzoo_protocol": "one"}'])
def test_what_says_no_version_is_no_protocol(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ConfigError, match="ganzoo_protocol"):
        read_protocol(tmp_path / "x.json")


def test_a_config_is_laid_in_layers(tmp_path: Path) -> None:
    """Protocol, table, entry: key by key, and another part replaces the whole part."""
    table = {**BASE["tables"][0], "model": {"recipe": {"batch": 16, "images": 320}}}
    ownest = {"recipe": {"images": 64, "loss": {"name": "hinge", "arguments": {"r1_gamma": 1.0}}}}
    entry = {"name": "own", "table": "ring", "model": ownest}
    protocol = protocol_of(tmp_path, entry, tables=[table])
    raw = protocol.config_of(protocol.tables[0], protocol.entries[-1])
    assert raw["ganzoo_config"] == 1
    assert raw["recipe"]["images"] == 64
    assert raw["recipe"]["batch"] == 16
    assert raw["recipe"]["loss"] == {"name": "hinge", "arguments": {"r1_gamma": 1.0}}
    assert raw["recipe"]["data"] == BASE["model"]["recipe"]["data"]


# Jobs


def test_jobs_are_all_rows_under_the_first_seed_and_then_the_next(tmp_path: Path) -> None:
    jobs = jobs_of(protocol_of(tmp_path), tmp_path)
    first, second = [f"{name} seed 0" for name in ("gan", "hinge", "ring-real")], "gan seed 1"
    assert [str(job) for job in jobs][:4] == [*first, second]
    assert jobs[0].folder == tmp_path / "gan" / "seed-0"


def test_a_control_is_drawn_thrice_at_the_most(tmp_path: Path) -> None:
    names = [job.row.name for job in jobs_of(protocol_of(tmp_path), tmp_path, seeds=5)]
    assert (names.count("ring-real"), names.count("gan")) == (3, 5)


def test_what_is_only_published_is_a_row_and_no_job(tmp_path: Path) -> None:
    entry = {"name": "old", "table": "ring", "published_only": True}
    protocol = protocol_of(tmp_path, entry)
    assert "old" in [row.name for row in rows_of(protocol)]
    assert "old" not in [job.row.name for job in jobs_of(protocol, tmp_path)]


@pytest.mark.parametrize(
    ("only", "names"),
    [
        (["gan"], {"gan"}),
        (["*g*"], {"gan", "hinge", "ring-real"}),
        (["h*", "gan"], {"gan", "hinge"}),
    ],
)
def test_patterns_choose_rows(tmp_path: Path, only: list[str], names: set[str]) -> None:
    jobs = jobs_of(protocol_of(tmp_path), tmp_path, only=only)
    assert {job.row.name for job in jobs} == names


def test_a_pattern_that_fits_nothing_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="--only hing: no entry .* did you mean 'hinge'"):
        jobs_of(protocol_of(tmp_path), tmp_path, only=["hing"])


def test_a_jobs_hash_is_of_its_seed_and_recipe_and_not_of_its_budget(tmp_path: Path) -> None:
    protocol = protocol_of(tmp_path)
    one, hinge, *_ = jobs_of(protocol, tmp_path)
    other = next(job for job in jobs_of(protocol, tmp_path) if job.seed == 1)
    longer = jobs_of(protocol, tmp_path, images=6400)[0]
    assert len({one.model, hinge.model, other.model}) == 3
    assert longer.model == one.model
    assert (one.budget, longer.budget) == (640, 6400)


# The hook


def test_a_plugins_folders_are_kept(tmp_path: Path) -> None:
    manager = PluginManager([make_plugin("lab", ganzoo_protocols=[str(tmp_path)])])
    assert manager.plugins["lab"].protocols == [tmp_path]
    assert manager.problems == []


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        (None, r"ganzoo_protocols: expected a list of folders, found None \(is a return missing"),
        ("/tmp", "ganzoo_protocols: expected a list of folders, found str '/tmp'"),
        (["/not/there"], "ganzoo_protocols: there is no folder '/not/there'; is it in the pack"),
        ([3], "ganzoo_protocols: expected a folder, found int 3"),
    ],
)
def test_nonsense_from_the_hook_is_reported(returned: Any, reason: str) -> None:
    source = make_plugin("odd", ganzoo_protocols=returned)
    (problem,) = [text for _, text in PluginManager([source]).problems]
    assert problem.startswith(reason.replace("\\", ""))
    with pytest.raises(PluginError, match=f"plugin odd 1.0: {reason}"):
        PluginManager([source], strict=True)


# Finding


def test_protocols_are_found_by_bare_and_qualified_name(world, tmp_path: Path) -> None:
    write_protocol(tmp_path)
    manager = world(tiny_plugin(ganzoo_protocols=[tmp_path])).manager
    assert protocols(manager).names() == ["small"]
    assert (
        find(manager, "small")
        == find(manager, "tiny/small")
        == read_protocol(tmp_path / "small.json")
    )


def test_an_unknown_name_says_the_nearest_or_all(world, tmp_path: Path) -> None:
    write_protocol(tmp_path)
    manager = world(tiny_plugin(ganzoo_protocols=[tmp_path])).manager
    with pytest.raises(UnknownNameError, match="no protocol 'smal'; did you mean 'small'"):
        find(manager, "smal")
    with pytest.raises(UnknownNameError, match="no protocol 'lucky'; there are: small"):
        find(manager, "lucky")


def test_two_of_one_name_are_told_apart_by_their_plugins(world, tmp_path: Path) -> None:
    write_protocol(tmp_path / "one")
    write_protocol(tmp_path / "two", title="The other")
    manager = world(
        tiny_plugin(ganzoo_protocols=[tmp_path / "one"]),
        make_plugin("lab", ganzoo_protocols=[tmp_path / "two"]),
    ).manager
    assert protocols(manager).names() == ["lab/small", "tiny/small"]
    assert find(manager, "lab/small").title == "The other"
    with pytest.raises(UnknownNameError, match="offered twice; write 'lab/small' or 'tiny/small'"):
        find(manager, "small")


@pytest.mark.parametrize("text", ["{", json.dumps(protocol_data(name="other"))])
def test_a_broken_file_is_reported_and_leaves_the_others(world, tmp_path: Path, text: str) -> None:
    write_protocol(tmp_path)
    (tmp_path / "odd.json").write_text(text)
    manager = world(tiny_plugin(ganzoo_protocols=[tmp_path])).manager
    assert [bool(offer.protocol) for offer in protocols(manager)] == [False, True]
    (problem,) = manager.plugins["tiny"].problems
    assert problem.startswith(f"ganzoo_protocols: {tmp_path / 'odd.json'}")
    with pytest.raises(ConfigError, match=r"odd\.json"):
        find(manager, "odd")
    assert find(manager, "small").name == "small"


def test_finding_them_imports_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys, ganzoo.bench.protocols as protocols; from ganzoo.cards import catalogue; "
        "protocols.protocols(catalogue().manager); assert 'torch' not in sys.modules"
    )
    ended = python("-c", code, path=tmp_path, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr


def test_a_file_of_ones_own_needs_no_plugin(world, tmp_path: Path) -> None:
    manager = world().manager
    path = write_protocol(tmp_path)
    assert find(manager, str(path)).name == "small"
    with pytest.raises(ConfigError, match="there is no such file"):
        find(manager, str(tmp_path / "absent.json"))
