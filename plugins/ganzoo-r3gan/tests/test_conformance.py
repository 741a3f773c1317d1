"""Every check of ganzoo.testing holds, with no waivers."""

from __future__ import annotations

from ganzoo.testing import checks_of, parametrize_with_checks


@parametrize_with_checks("ganzoo-r3gan")
def test_the_plugin_is_right(part, check):
    check(part)


def test_nothing_is_waived():
    assert [one.id for one in checks_of("ganzoo-r3gan") if one.waiver] == []


def test_the_papers_networks_are_not_played_in_checks():
    """Their games would take hours and hundreds of gigabytes; small ones take their place."""
    names = {one.id for one in checks_of("ganzoo-r3gan")}
    assert "game/r3gan-starts" in names
    assert not [name for name in names if name.startswith(("game/r3gan-c", "game/r3gan-f"))]
    assert not [name for name in names if name.startswith("game/r3gan-i")]
    assert "model/r3gan-cifar10-card" in names
