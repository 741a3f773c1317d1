"""The conformance kit: what a plugin's author runs to know that her GAN is right.

In a shell, `ganzoo check my-plugin`. In her tests:

    from ganzoo.testing import parametrize_with_checks

    @parametrize_with_checks("my-plugin")
    def test_my_plugin_is_right(part, check):
        check(part)

Each check is a small function `check_*(subject)` of `ganzoo.testing.checks`; what it raises says
what was found, the likely cause and the line to change. `run_checks` tells a fault once: checks
that it stops are `not run` because of it.

Parts are built with their defaults and as the models that use them do, and play the games of those
models; what is in no model is paired with what fits. Two attributes of the plugin's module say
more:

    ganzoo_examples = {                       # what to build parts with, instead
        "generator/tones": {"length": 1024},  # or a list of such
        "game/tones": {"generator": "tones", "discriminator": "tones", "loss": "hinge"},
    }
    ganzoo_waivers = {                        # what a check is wrong about, and why
        "check_independence[discriminator/minibatch]": "compares samples by design",
    }

A waived check that passes is an error. pytest gets a fixture, `ganzoo_world`, for tests that want
plugins of their own and no others; `round_of` makes the round of a loss's own tests.

What a plugin was written for goes on working: `ganzoo_api` 1 is read for ever. Where something is
to go, using it warns with a `DeprecationWarning` that names what to use instead and the version
that will be without it, which is at least two minor versions away; the changelog says both.

Importing this package imports no torch: names are looked up when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganzoo.errors import CheckError
    from ganzoo.testing.blame import Result
    from ganzoo.testing.collecting import Planned, checks_of
    from ganzoo.testing.decorator import parametrize_with_checks
    from ganzoo.testing.plugin_sources import source_of
    from ganzoo.testing.rounds import round_of
    from ganzoo.testing.runner import run_checks

__all__ = [
    "CheckError",
    "Planned",
    "Result",
    "checks_of",
    "parametrize_with_checks",
    "round_of",
    "run_checks",
    "source_of",
]

_HOMES = {
    "CheckError": "ganzoo.errors",
    "Planned": "ganzoo.testing.collecting",
    "Result": "ganzoo.testing.blame",
    "checks_of": "ganzoo.testing.collecting",
    "parametrize_with_checks": "ganzoo.testing.decorator",
    "round_of": "ganzoo.testing.rounds",
    "run_checks": "ganzoo.testing.runner",
    "source_of": "ganzoo.testing.plugin_sources",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ganzoo.testing' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
