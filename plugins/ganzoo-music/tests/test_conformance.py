"""Every check of ganzoo.testing holds, with no waivers."""

from __future__ import annotations

from ganzoo.testing import checks_of, parametrize_with_checks


@parametrize_with_checks("ganzoo-music")
def test_the_plugin_is_right(part, check):
    check(part)


def test_nothing_is_waived():
    assert [one.id for one in checks_of("ganzoo-music") if one.waiver] == []
