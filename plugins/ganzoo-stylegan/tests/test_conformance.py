"""Every check of ganzoo.testing holds; two are waived for minibatch deviation."""

from __future__ import annotations

from ganzoo.testing import checks_of, parametrize_with_checks


@parametrize_with_checks("ganzoo-stylegan")
def test_the_plugin_is_right(part, check):
    check(part)


def test_what_compares_samples_by_design_is_waived_and_nothing_else():
    waived = {one.name for one in checks_of("ganzoo-stylegan") if one.waiver}
    assert waived == {"check_independence", "check_batch_statistics"}
