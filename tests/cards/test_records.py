"""Recipes and configs as objects: read, printed, replaced."""

from __future__ import annotations

import pytest

import ganzoo
from ganzoo.errors import ConfigError
from ganzoo.specs import ModelConfig, read_record


@pytest.fixture(scope="module")
def config() -> ModelConfig:
    config = ganzoo.card("dcgan-mnist").config
    assert config is not None
    return config


def test_a_config_becomes_a_dictionary_and_back(config):
    assert read_record(ModelConfig, config.to_dict(), "again") == config


def test_values_are_replaced_by_dotted_paths_and_by_keywords(config):
    changed = config.replace({"recipe.optimizers.generator.lr": 5e-4, "name": "mine"})
    assert (changed.recipe.optimizers.generator.lr, changed.name) == (5e-4, "mine")
    assert config.recipe.optimizers.generator.lr != 5e-4
    recipe = config.recipe.replace(batch=32, images=640)
    assert (recipe.batch, recipe.images) == (32, 640)
    assert config.recipe.replace({"loss.arguments.r1_gamma": 0.5}).loss.arguments["r1_gamma"] == 0.5


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"bacth": 1}, "Recipe: unknown key 'bacth'; did you mean 'batch'"),
        ({"batch": "many"}, "Recipe: batch: expected a whole number, found"),
        ({"optimizers.generator.rate": 1}, "unknown key 'rate'"),
        ({"batch": object()}, "is a object"),
    ],
)
def test_what_cannot_be_is_refused(config, changes, text):
    with pytest.raises(ConfigError, match=text):
        config.recipe.replace(changes)


def test_a_recipe_prints_as_lines_of_keys(config):
    lines = str(config.recipe).splitlines()
    assert any(line.split() == ["batch", "=", str(config.recipe.batch)] for line in lines)
    assert any(line.startswith("loss.name") and "ganzoo/" in line for line in lines)
