"""Which key of config.json a bad --set path may have meant."""

from __future__ import annotations

import pytest

from ganzoo.errors import ConfigError
from ganzoo.specs import ModelConfig
from ganzoo.specs.keys import check_path, paths


@pytest.mark.parametrize(
    "path",
    [
        "recipe.batch",
        "recipe.optimizers.generator.lr",
        "recipe.optimizers.generator.schedule.warmup",
        "recipe.optimizers.generator.arguments.betas",
        "generator.arguments.anything.below",
        "recipe.data",
        "extra.mine.own",
        "name",
    ],
)
def test_a_path_of_the_schema_is_taken(path):
    check_path(ModelConfig, path)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("recipe.bacth", "unknown key 'bacth'; did you mean 'batch'"),
        ("recipe.lr", "'optimizers.generator.lr' or 'optimizers.discriminator.lr'"),
        ("recipe.half_life", "unknown key 'half_life'; did you mean 'ema.half_life'"),
        ("recipe.genrator.arguments.size", "'genrator'; did you mean 'generator'"),
        ("recipe.optimizers.genrator.lr", "'genrator'; did you mean 'generator'"),
        ("generator.width", "write 'generator.arguments.width' for an argument"),
        ("recipe.loss.r1_gamma", "write 'loss.arguments.r1_gamma' for an argument"),
        ("recipe.batch.size", "'recipe.batch' is a value without keys below it"),
        ("recipe.zzz", "unknown key 'zzz'; known: .*batch"),
    ],
)
def test_a_path_of_no_key_names_the_nearest(path, text):
    with pytest.raises(ConfigError, match=f"--set it: .*{text}"):
        check_path(ModelConfig, path, also=("generator",), option="--set it")


def test_paths_are_as_set_takes_them():
    found = set(paths(ModelConfig))
    assert {"batch", "optimizers.generator.lr", "generator.arguments", "loss.name"} <= found
