from __future__ import annotations

import copy
import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganzoo.errors import ConfigError
from ganzoo.specs import (
    Averaging,
    FileRecord,
    ModelConfig,
    Optimizer,
    Optimizers,
    Part,
    Recipe,
    check_version,
    merge,
    parse_json,
    read_config,
    read_json,
    read_record,
    recipe_hash,
    set_path,
    write_record,
)
from ganzoo.specs.reading import to_json
from model_folders import config_of

MANY = settings(
    max_examples=250,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

#: A config in which every record of the schema stands at least once.
FULL: dict[str, Any] = config_of(
    name="tiny-ring",
    description="A ring.",
    kind="points",
    requires={"tiny": ">=1.0"},
    files={"model.safetensors": {"sha256": "a" * 64, "bytes": 12}},
    parameters={"generator": 226, "discriminator": 129},
    class_shares=[0.75, 0.25],
    licenses={"code": "Apache-2.0", "weights": "CC0-1.0", "data": "CC0-1.0"},
    metrics=[
        {
            "name": "FD",
            "value": 1.5,
            "protocol": "moments",
            "n": 1000,
            "command": "ganzoo eval tiny-ring",
            "spread": 0.1,
            "repeats": 3,
            "floor": None,
            "values": [1.4, 1.6],
            "shipped": 1.6,
        }
    ],
    checks=[
        {
            "extractor": "tiny-moments",
            "data": "tiny-ring",
            "n": 100,
            "seed": 0,
            "values": {"fd": 1.7},
            "tolerance": {"fd": 0.1},
        }
    ],
    provenance={
        "command": "ganzoo train tiny-ring",
        "date": "2025-01-01",
        "duration_s": 3,
        "images": 64,
        "data_hash": "b" * 64,
        "hardware": "a laptop",
        "versions": {"torch": "2.6.0"},
        "threads": 1,
    },
    fingerprint={
        "seed": 0,
        "n": 2,
        "mean": 0.5,
        "std": 1.0,
        "means": [0.25, 0.75],
        "tolerance": 1e-3,
    },
    extra={"anything": [1, {"goes": None}]},
    recipe={
        "loss": {"name": "ganzoo/hinge", "arguments": {"r1_gamma": 0.1}},
        "data": {"name": "tiny/tiny-ring", "arguments": {"length": 64}, "balance": True},
        "optimizers": {
            "generator": {
                "name": "adam",
                "lr": 0.001,
                "arguments": {"betas": [0.5, 0.999]},
                "schedule": None,
                "max_grad_norm": None,
                "groups": {"*.bias": {"lr_factor": 0.5, "arguments": {"weight_decay": 0.0}}},
            },
            "discriminator": {
                "name": "adam",
                "lr": 0.001,
                "arguments": {},
                "schedule": {"name": "linear", "images": 50, "warmup": 10, "final": 0.1},
                "max_grad_norm": 5.0,
                "groups": {},
            },
        },
        "discriminator_steps": 2,
        "generator_steps": 3,
        "batch": 32,
        "images": 64,
        "ema": {"half_life": 10.0, "ramp_up": None},
        "reuse_fakes": False,
        "precision": "float32",
        "augmentation": {"flip": True, "diffaugment": ["color", "cutout"]},
        "schedules": {"ema.half_life": {"name": "linear", "arguments": {"to": 9.0, "images": 9}}},
        "on_collapse": "stop",
        "start": {"model": "tiny-ring", "generator": "c" * 64, "discriminator": "d" * 64},
        "seed": 7,
    },
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400)])  # JSON has them, float() does not
    | st.floats()
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
finite_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=4,
)
arguments = st.dictionaries(st.text(max_size=8), finite_values, max_size=3)
parts = st.builds(Part, st.text(max_size=12), arguments)
positive = st.floats(min_value=1e-12, max_value=1e12)
optimizers = st.builds(Optimizer, st.text(max_size=8), positive, arguments)
recipes = st.builds(
    Recipe,
    loss=parts,
    data=parts,
    optimizers=st.builds(Optimizers, optimizers, optimizers),
    discriminator_steps=st.integers(1, 10),
    batch=st.integers(1, 10**6),
    images=st.integers(1, 10**12),
    ema=st.builds(Averaging, positive, st.none() | positive),
    reuse_fakes=st.booleans(),
    precision=st.sampled_from(["auto", "float32", "bf16"]),
    seed=st.integers(0, 2**63 - 1),
)


def paths_of(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in JSON data, as the keys that lead there."""
    found = [path]
    if isinstance(data, dict):
        found += [p for key, value in data.items() for p in paths_of(value, (*path, key))]
    if isinstance(data, list):
        found += [p for i, value in enumerate(data) for p in paths_of(value, (*path, i))]
    return found


def with_value(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of JSON data with another value in one place."""
    if not path:
        return value
    changed = copy.copy(data)
    changed[path[0]] = with_value(data[path[0]], path[1:], value)
    return changed


def read(data: Any) -> ModelConfig:
    return read_record(ModelConfig, data, "config.json")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("specs") / "config.json"


# Reading a record


def test_a_full_config_is_read_and_written_as_it_was() -> None:
    written = write_record(read(FULL))
    expected = copy.deepcopy(FULL)
    expected["generator"]["arguments"] = expected["discriminator"]["arguments"] = {}
    expected["metrics"][0]["unit"] = ""
    expected["provenance"]["sittings"] = 1
    expected["class_names"], expected["legend"] = [], {}
    expected["condition_names"] = []
    expected["checks"][0]["arguments"] = {}
    assert written == expected


def test_the_least_config_has_the_defaults() -> None:
    config = read(config_of())
    assert config.recipe.batch == 64
    assert config.files == {}
    assert config.metrics == ()
    assert config.name is None


def test_an_unknown_key_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"config.json: unknown key 'licences'; .*'licenses'"):
        read(config_of(licences={}))


def test_an_unknown_key_without_a_near_name_lists_the_known() -> None:
    with pytest.raises(ConfigError, match=r"unknown key 'zzz'; known: .*generator.*recipe"):
        read(config_of(zzz=1))


def test_what_third_parties_add_under_extra_is_kept() -> None:
    assert read(config_of(extra={"lab": {"run": [1, 2]}})).extra == {"lab": {"run": [1, 2]}}


@pytest.mark.parametrize("key", ["ganzoo_config", "generator", "discriminator", "recipe"])
def test_a_missing_key_is_named(key: str) -> None:
    data = config_of()
    del data[key]
    with pytest.raises(ConfigError, match=f"config.json: the key {key!r} is missing"):
        read(data)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("description", 3, "config.json: description: expected text, found 3"),
        ("generator", "dcgan", 'generator: expected an object, such as {"name": "dcgan"}, found'),
        ("generator.name", None, "config.json: generator.name: expected text, found null"),
        ("generator.arguments", [], "config.json: generator.arguments: expected an object"),
        ("recipe", [1], "config.json: recipe: expected an object, found a list"),
        ("recipe.batch", 64.0, "config.json: recipe.batch: expected a whole number, found 64.0"),
        ("recipe.batch", True, "config.json: recipe.batch: expected a whole number, found True"),
        ("recipe.batch", "64", "config.json: recipe.batch: expected a whole number, found '64'"),
        ("recipe.reuse_fakes", 1, "recipe.reuse_fakes: expected true or false, found 1"),
        ("recipe.optimizers.generator.lr", True, "generator.lr: expected a number, found True"),
        ("recipe.optimizers.generator.lr", "1", "generator.lr: expected a number, found '1'"),
        ("recipe.ema.half_life", None, "recipe.ema.half_life: expected a number, found null"),
        ("metrics", {}, "config.json: metrics: expected a list, found an object"),
        ("fingerprint.means", [0.5, "x"], r"fingerprint.means\[1\]: expected a number, found 'x'"),
        ("requires.tiny", 1, "config.json: requires.tiny: expected text, found 1"),
        ("parameters.generator", 1.5, "parameters.generator: expected a whole number, found 1.5"),
        ("licenses", "MIT", "config.json: licenses: expected an object, found 'MIT'"),
    ],
)
def test_a_wrong_type_is_named_with_its_place(path: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(set_path(FULL, path, value))


def test_an_unknown_key_deep_down_is_named_with_its_place() -> None:
    data = set_path(FULL, "recipe.optimizers.generator.learning_rate", 0.1)
    with pytest.raises(ConfigError, match=r"config.json: recipe.optimizers.generator: unknown key"):
        read(data)


def test_a_place_in_a_list_is_named_with_its_number() -> None:
    data = with_value(FULL, ("metrics", 0, "value"), "low")
    with pytest.raises(ConfigError, match=r"config.json: metrics\[0\].value: expected a number"):
        read(data)


def test_a_whole_number_does_for_a_number() -> None:
    lr = read(set_path(FULL, "recipe.optimizers.generator.lr", 1)).recipe.optimizers.generator.lr
    assert isinstance(lr, float)
    assert lr == 1.0


def test_a_whole_number_too_big_for_a_number_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"recipe.optimizers.generator.lr"):
        read(set_path(FULL, "recipe.optimizers.generator.lr", 10**400))


def test_a_long_wrong_value_is_shortened_in_the_error() -> None:
    with pytest.raises(ConfigError) as caught:
        read(config_of(ganzoo_config="x" * 10_000))
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("data", [None, 1, "text", [], [{}], True])
def test_what_is_no_object_is_no_config(data: object) -> None:
    with pytest.raises(ConfigError, match=r"config.json: expected an object"):
        read(data)
    with pytest.raises(ConfigError, match=r"config.json: expected an object"):
        check_version(data, "config.json")


# Parsing JSON


def test_a_key_that_stands_twice_is_named() -> None:
    with pytest.raises(ConfigError, match=r"here: the key 'batch' is used twice"):
        parse_json('{"recipe": {"batch": 1, "batch": 2}}', "here")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_is_not_finite_is_refused(number: str) -> None:
    with pytest.raises(ConfigError, match=f"here: {number} is not a number in JSON"):
        parse_json(f'{{"lr": {number}}}', "here")


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_endless_nesting_is_refused(opening: str) -> None:
    with pytest.raises(ConfigError, match="here: nested too deeply"):
        parse_json(opening * 200_000, "here")


@pytest.mark.parametrize("depth", [50, 300, 450, 600])
def test_what_is_not_refused_as_too_deep_can_be_used(depth: int) -> None:
    text = json.dumps(config_of()).replace('"tiny/tiny"}', '"t/t", "arguments": {"a": DEEP}}', 1)
    try:
        config = read(parse_json(text.replace("DEEP", "[" * depth + "]" * depth), "here"))
    except ConfigError as error:
        assert "nested too deeply" in str(error)  # noqa: PT017
    else:
        assert recipe_hash(config.generator, config.discriminator, config.recipe)


@pytest.mark.parametrize(
    "text", ["", "{", "{'a': 1}", '{"a": 1,}', "[1] [2]", b"\xff\xfe\xfa", "1" * 5_000]
)
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ConfigError, match="here: not valid JSON"):
        parse_json(text, "here")


def test_a_file_of_many_megabytes_is_not_parsed(file: Path) -> None:
    file.write_text(" " * (5 * 1024 * 1024))
    with pytest.raises(ConfigError, match=r"config.json: more than 4,194,304 bytes"):
        read_json(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent.json: there is no such file"):
        read_json(tmp_path / "absent.json")


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_json(tmp_path)


# The version


def test_a_later_config_is_refused_before_its_keys_are_looked_at(file: Path) -> None:
    file.write_text(json.dumps({"ganzoo_config": 2, "unheard": "of"}))
    with pytest.raises(ConfigError, match=r"for ganzoo_config 2, this ganzoo reads 1; upgrade"):
        read_config(file)


@pytest.mark.parametrize("version", [0, -1, True, "1", 1.0, [1]])
def test_a_version_that_is_no_whole_number_from_one_is_refused(version: object) -> None:
    with pytest.raises(ConfigError, match="ganzoo_config must be a whole number from 1"):
        check_version({"ganzoo_config": version}, "config.json")


def test_a_config_without_version_says_what_it_is() -> None:
    with pytest.raises(ConfigError, match="the key 'ganzoo_config' is missing; write 1"):
        check_version({}, "config.json")


def test_each_reader_has_the_json_for_itself_and_a_change_is_read(file: Path) -> None:
    file.write_text(json.dumps(FULL))
    _, raw = read_config(file)
    raw["recipe"].clear()
    assert read_config(file)[1] == FULL
    file.write_text(json.dumps({**FULL, "description": "another"}))
    assert read_config(file)[0].description == "another"


def test_read_config_gives_the_record_and_the_file_as_it_stands(file: Path) -> None:
    file.write_text(json.dumps(FULL))
    config, raw = read_config(file)
    assert config == read(FULL)
    assert raw == FULL


# Names and files


@pytest.mark.parametrize("digest", ["", "a" * 63, "a" * 65, "A" * 64, "g" * 64, "a" * 64 + "\n"])
def test_a_bad_sha256_is_refused(digest: str) -> None:
    with pytest.raises(ConfigError, match="sha256 must be 64 hexadecimal digits"):
        FileRecord(digest, 1)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../model", "a/b", "/etc/passwd", "a/", "a\\b", "..\\b"]
)
def test_a_file_outside_the_folder_is_refused(name: str) -> None:
    record = {"sha256": "a" * 64, "bytes": 1}
    with pytest.raises(ConfigError, match=re.escape(f"files: {name!r} is not a plain file name")):
        read(config_of(files={name: record}))


@pytest.mark.parametrize(
    "name", ["", "DCGAN", "a_b", "-a", "a-", "a--b", "a b", "a/b", "a.b", "tiny\n", "ä"]
)
def test_a_bad_model_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="must be lower-case words joined by '-'"):
        read(config_of(name=name))


@pytest.mark.parametrize("name", ["a", "dcgan-mnist", "dcgan-mnist-v2", "0-1"])
def test_a_good_model_name_is_taken(name: str) -> None:
    assert read(config_of(name=name)).name == name


# The recipe


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("batch", 0, "recipe: batch must be 1 or more, found 0"),
        ("images", -1, "recipe: images must be 1 or more, found -1"),
        ("discriminator_steps", 0, "recipe: discriminator_steps must be 1 or more, found 0"),
        ("precision", "fp8", "recipe: precision is one of .*'bf16'.*, found 'fp8'"),
        ("seed", -1, "recipe: seed must be between 0 and"),
        ("seed", 2**63, "recipe: seed must be between 0 and"),
        ("optimizers.generator.lr", 0, "optimizers.generator: lr must be above 0, found 0"),
        ("optimizers.discriminator.lr", -1, "optimizers.discriminator: lr must be above 0"),
        ("ema.half_life", -1, "recipe.ema: half_life must be 0 or more images, found -1"),
        ("ema.ramp_up", 0, "recipe.ema: ramp_up must be above 0 or null, found 0"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(path: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(set_path(FULL, f"recipe.{path}", value))


def test_a_recipe_cannot_be_changed_after_it_was_read() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        read(FULL).recipe.batch = 1  # type: ignore[misc]


@MANY
@given(recipe=recipes)
def test_a_recipe_survives_writing_and_reading(recipe: Recipe) -> None:
    text = to_json(write_record(recipe))
    assert read_record(Recipe, parse_json(text, "here"), "here") == recipe


# Merging, setting, hashing


def test_merging_keeps_what_is_not_named() -> None:
    base = {"batch": 64, "optimizers": {"generator": {"lr": 1, "name": "adam"}}}
    over = {"optimizers": {"generator": {"lr": 2}}}
    assert merge(base, over) == {
        "batch": 64,
        "optimizers": {"generator": {"lr": 2, "name": "adam"}},
    }


def test_merging_a_part_of_the_same_name_keeps_its_arguments() -> None:
    base = {"loss": {"name": "hinge", "arguments": {"r1_gamma": 1, "r2_gamma": 2}}}
    over = {"loss": {"name": "hinge", "arguments": {"r1_gamma": 3}}}
    assert merge(base, over)["loss"]["arguments"] == {"r1_gamma": 3, "r2_gamma": 2}


def test_merging_a_part_of_another_name_replaces_it_whole() -> None:
    base = {"loss": {"name": "hinge", "arguments": {"r1_gamma": 1}}}
    assert merge(base, {"loss": {"name": "wgan"}}) == {"loss": {"name": "wgan"}}


def test_merging_changes_neither_side() -> None:
    base, over = {"ema": {"half_life": 1}}, {"ema": {"ramp_up": 2}}
    merge(base, over)["ema"]["half_life"] = 3
    assert base == {"ema": {"half_life": 1}}
    assert over == {"ema": {"ramp_up": 2}}


def test_set_path_sets_what_is_there_and_what_is_not() -> None:
    data = {"recipe": {"batch": 64}}
    assert set_path(data, "recipe.batch", 32) == {"recipe": {"batch": 32}}
    assert set_path(data, "a.b.c", 1) == {"recipe": {"batch": 64}, "a": {"b": {"c": 1}}}
    assert data == {"recipe": {"batch": 64}}


def test_set_path_finds_keys_that_hold_dots() -> None:
    """A schedule stands under its number's path, a group under a pattern."""
    moved = {"schedules": {"loss.arguments.gamma": {"name": "linear", "arguments": {"to": 1}}}}
    found = set_path(moved, "schedules.loss.arguments.gamma.arguments.to", 2)
    assert found["schedules"] == {
        "loss.arguments.gamma": {"name": "linear", "arguments": {"to": 2}}
    }
    assert set_path(moved, "schedules.loss.arguments.gamma", None)["schedules"] == {
        "loss.arguments.gamma": None
    }
    groups = {"groups": {"mapping.*": {"lr_factor": 0.1}}}
    assert set_path(groups, "groups.mapping.*.lr_factor", 1) == {
        "groups": {"mapping.*": {"lr_factor": 1}}
    }


@pytest.mark.parametrize("held", [True, False])
def test_set_path_gives_arguments_to_an_augmentation_that_has_none(held: bool) -> None:
    data = {"recipe": {"augmentation": {"ada": held}, "reuse_fakes": held}}
    found = set_path(data, "recipe.augmentation.ada.target", 0.5)
    assert found["recipe"]["augmentation"] == {"ada": {"target": 0.5}}
    with pytest.raises(ConfigError, match="'reuse_fakes' holds"):
        set_path(data, "recipe.reuse_fakes.target", 0.5)


@pytest.mark.parametrize("path", ["", ".", ".batch", "recipe..batch", "recipe.batch.", "recipe."])
def test_set_path_refuses_a_path_with_an_empty_key(path: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"--set {path}: a path is keys joined by")):
        set_path({"recipe": {"batch": 64}}, path, 1)


def test_set_path_names_the_whole_path_where_it_ends_early() -> None:
    with pytest.raises(ConfigError, match=r"--set recipe.batch.size: 'batch' holds 64"):
        set_path({"recipe": {"batch": 64}}, "recipe.batch.size", 1)


def hash_of(**recipe: Any) -> str:
    config = read({**FULL, "recipe": {**FULL["recipe"], **recipe}})
    return recipe_hash(config.generator, config.discriminator, config.recipe)


CHANGES: dict[str, Any] = {
    "loss": {"name": "ganzoo/hinge", "arguments": {"r1_gamma": 0.2}},
    "data": {"name": "tiny/tiny-ring", "arguments": {}},
    "optimizers": {**FULL["recipe"]["optimizers"], "generator": {"name": "adam", "lr": 0.002}},
    "discriminator_steps": 1,
    "generator_steps": 1,
    "batch": 16,
    "ema": {"half_life": 10.0, "ramp_up": 0.1},
    "reuse_fakes": True,
    "precision": "bf16",
    "augmentation": {"flip": True, "diffaugment": ["cutout", "color"]},
    "schedules": {},
    "on_collapse": "rollback",
    "start": None,
    "seed": 8,
}


def test_every_key_of_a_recipe_is_changed_below() -> None:
    assert CHANGES.keys() == FULL["recipe"].keys() - {"images"}
    assert FULL["recipe"].keys() == {field.name for field in dataclasses.fields(Recipe)}


@pytest.mark.parametrize("key", CHANGES)
def test_the_recipes_hash_sees_every_change(key: str) -> None:
    assert hash_of(**{key: CHANGES[key]}) != hash_of()


def test_the_recipes_hash_leaves_out_the_images() -> None:
    assert hash_of(images=65) == hash_of()


def test_images_are_in_the_hash_where_a_schedule_depends_on_them() -> None:
    generator = {"name": "adam", "lr": 0.001, "schedule": {"name": "cosine"}}
    optimizers = {**FULL["recipe"]["optimizers"], "generator": generator}
    assert hash_of(optimizers=optimizers, images=65) != hash_of(optimizers=optimizers)


def test_a_key_that_says_its_default_does_not_move_the_hash() -> None:
    """So that a run goes on when a later version of ganzoo adds keys."""
    recipe = {k: v for k, v in FULL["recipe"].items() if k != "on_collapse"}
    short, full = (read({**FULL, "recipe": r}) for r in (recipe, {**recipe, "on_collapse": "warn"}))
    assert recipe_hash(short.generator, short.discriminator, short.recipe) == recipe_hash(
        full.generator, full.discriminator, full.recipe
    )


def test_the_recipes_hash_sees_the_networks() -> None:
    config = read(FULL)
    other = Part("tiny/tiny", {"width": 8})
    hashes = {
        recipe_hash(config.generator, config.discriminator, config.recipe),
        recipe_hash(other, config.discriminator, config.recipe),
        recipe_hash(config.generator, other, config.recipe),
    }
    assert len(hashes) == 3


def test_the_order_of_keys_does_not_move_the_hash() -> None:
    config = read({**FULL, "recipe": dict(reversed(FULL["recipe"].items()))})
    assert recipe_hash(config.generator, config.discriminator, config.recipe) == hash_of()


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"on_collapse": "pray"}, "on_collapse is one of .*'rollback'.*found 'pray'"),
        ({"generator_steps": 0}, "generator_steps must be 1 or more, found 0"),
        ({"schedules": {"ema.half_life": 5}}, "schedules: ema.half_life: expected an object"),
        (
            {"optimizers": {"generator": {"groups": {"*": {"lr_factor": -1}}}}},
            "lr_factor must be 0 or more",
        ),
        ({"optimizers": {"generator": {"max_grad_norm": 0}}}, "max_grad_norm must be above 0"),
        (
            {"optimizers": {"generator": {"schedule": {"name": "cosin"}}}},
            r"generator.schedule: there is no schedule 'cosin'; did you mean 'cosine'",
        ),
        (
            {"optimizers": {"generator": {"schedule": {"images": 10, "warmup": 10}}}},
            "a schedule of 10 images has no room for 10 of warm-up",
        ),
        (
            {"optimizers": {"generator": {"schedule": {"images": 0}}}},
            "images must be 1 or more, or null; found 0",
        ),
    ],
)
def test_what_a_training_cannot_do_is_refused(recipe: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read({**FULL, "recipe": {**FULL["recipe"], **recipe}})


# Whatever stands in the file


@MANY
@given(text=st.binary(max_size=64))
def test_any_bytes_are_a_config_or_a_config_error(file: Path, text: bytes) -> None:
    file.write_bytes(text)
    with pytest.raises(ConfigError):
        read_config(file)


@MANY
@given(value=json_values | st.just(10**400))
def test_any_json_is_a_config_error(file: Path, value: object) -> None:
    file.write_text(json.dumps(value))
    with pytest.raises(ConfigError):
        read_config(file)


@MANY
@given(value=json_values, record=st.sampled_from([ModelConfig, Recipe, Part, Optimizer]))
def test_any_data_is_a_record_or_a_config_error(record: type, value: object) -> None:
    try:
        assert isinstance(read_record(record, value, "here"), record)
    except ConfigError as error:
        assert str(error).startswith("here")  # noqa: PT017


@MANY
@given(path=st.sampled_from(paths_of(FULL)), value=json_values | st.just(10**400))
def test_a_config_with_one_value_changed_is_a_config_or_a_config_error(
    file: Path, path: tuple[Any, ...], value: object
) -> None:
    file.write_text(json.dumps(with_value(FULL, path, value)))
    try:
        config, _ = read_config(file)
    except ConfigError as error:
        assert str(file) in str(error)  # noqa: PT017
    else:
        assert read(write_record(config)) == config


@MANY
@given(path=st.sampled_from([p for p in paths_of(FULL) if p]), key=st.text(max_size=8))
def test_a_config_with_one_key_renamed_is_a_config_or_a_config_error(
    file: Path, path: tuple[Any, ...], key: str
) -> None:
    *above, last = path
    data: Any = copy.deepcopy(FULL)
    place = data
    for step in above:
        place = place[step]
    moved = place.pop(last)
    if isinstance(place, dict):
        place[key] = moved
    file.write_text(json.dumps(data))
    try:
        assert isinstance(read_config(file)[0], ModelConfig)
    except ConfigError as error:
        assert str(file) in str(error)  # noqa: PT017
