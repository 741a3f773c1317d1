"""Every check of ganzoo.testing holds, and none is waived."""

from __future__ import annotations

from ganzoo.testing import checks_of, parametrize_with_checks


@parametrize_with_checks("ganzoo-translate")
def test_the_plugin_is_right(part, check):
    check(part)


def test_nothing_is_waived():
    assert not [one.name for one in checks_of("ganzoo-translate") if one.waiver]
