"""`ganzoo eval` where no extractor is made for the data: modes, and figures that plugins offer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.cards import catalogue
from ganzoo.specs.reading import to_json
from ganzoo.terminal import table

if TYPE_CHECKING:
    from ganzoo.measure.sample_figures import Plan
    from ganzoo.measure.spread import Across, Figures
    from ganzoo.specs import Part

    #: Figures by key by training seed, None of the only one.
    Rows = dict[int | None, dict[str, Figures]]

#: Options that ask for features, whatever the data.
FEATURES = ("extractor", "extractor_weights", "reference", "save_reference")


def plan_of(what: str | Path, data: Part | None, options: Mapping[str, Any]) -> Plan | None:
    """What is measured of samples as they are; None where features of an extractor are.

    `data` is what was asked for in place of the model's own. Of a mixture's model another data set
    must be a mixture too.
    """
    from ganzoo.extractors import extractors_of
    from ganzoo.measure.sample_figures import mixture_of, plan_for
    from ganzoo.measure.sources import is_image_folder

    zoo = catalogue()
    if any(options[name] for name in FEATURES) or is_image_folder(zoo.as_path(what)):
        return None
    own = zoo.locate(what, weights=False).require_usable().recipe.data
    asked = (own, data or own)
    if any(extractors_of(one)[0] is not None for one in asked):
        return None
    if len({mixture_of(one) is None for one in asked}) > 1:
        return None
    return plan_for(asked[1]) or None


def measured(
    what: str,
    models: Mapping[int | None, str],
    plan: Plan,
    options: Mapping[str, Any],
    tell: Callable[[str], None],
) -> str:
    """The figures of each model by its training seed (None of the only one), as text or JSON."""
    from ganzoo.hardware import own_device, usable_device
    from ganzoo.measure.evaluate import SAMPLES
    from ganzoo.measure.sample_figures import measure_samples
    from ganzoo.measure.sources import ModelSource

    n, device = options["count"] or SAMPLES, str(usable_device(own_device(options["device"])))
    seeds = range(options["seed"], options["seed"] + options["repeats"])
    rows: Rows = {}
    notes = dict[str, None]()
    for seed, model in models.items():
        tell(f"{model}: {n:,} samples of each of {len(seeds)} sampling seeds")
        rows[seed], why = measure_samples(ModelSource(model, device), plan, n, seeds)
        notes |= dict.fromkeys(why)
    write = _data if options["as_json"] else _text
    return write(what, plan.protocol(n, seeds), rows, [*notes])


def _keys(rows: Rows) -> list[str]:
    """The figures in the order of a table: all modes' where there are any, then the others."""
    from ganzoo.measure.figures import MODES

    found = dict.fromkeys(key for row in rows.values() for key in row)
    modes = [figure.key for figure in MODES]
    return [*dict.fromkeys([*(modes if found.keys() & {*modes} else []), *found])]


def _lines(rows: Rows) -> Iterator[tuple[str, Across]]:
    """A line for each figure: its key, and its values over training seeds."""
    from ganzoo.measure.spread import across

    for key in _keys(rows):
        yield key, across([row.get(key) for row in rows.values()])


def _text(what: str, protocol: str, rows: Rows, notes: list[str] | None = None) -> str:
    """For a terminal: a row for each figure, a column for each training seed."""
    from ganzoo.measure.figures import MODES, known
    from ganzoo.measure.spread import first_of

    several, lines = len(rows) > 1, [*_lines(rows)]
    names = [f"SEED {seed}" for seed in rows] if several else []
    header = ["FIGURE", "MEAN" if several else "VALUE", "SPREAD", *names, "REAL"]
    cells = [
        [
            known(key).title,
            _cell(key, line.value),
            "" if line.spread is None else f"± {line.spread:.2g}",
            *(_cell(key, value) for value in (line.each if several else ())),
            "" if line.floor is None else _cell(key, line.floor),
        ]
        for key, line in lines
    ]
    told = [f"{what}: {protocol}", "", table(header, cells), "", *(notes or ())]
    modes = {figure.key for figure in MODES}
    if lacking := [known(key).title for key, line in lines if key in modes and None in line.each]:
        told.append(f"no sample lies near a mode where there is no {' and no '.join(lacking)}")
    if several:
        first = known(first_of([*rows.values()])).title
        told.append(f"the median by {first} is seed {_median(rows)}")
    return "\n".join(told).rstrip("\n") + "\n"


def _cell(key: str, value: float | None) -> str:
    from ganzoo.measure.figures import known

    return "none" if value is None else f"{value:.4g}{known(key).unit}"


def _data(what: str, protocol: str, rows: Rows, notes: list[str] | None = None) -> str:
    """The same for programs."""
    from ganzoo.measure.figures import known

    figures = {
        key: {
            "name": known(key).title,
            "what": known(key).what,
            "direction": known(key).direction,
            "unit": known(key).unit,
            "value": line.value,
            "spread": line.spread,
            "floor": line.floor,
            "values": line.each,
        }
        for key, line in _lines(rows)
    }
    several = {"seeds": [*rows], "median": _median(rows)} if len(rows) > 1 else {}
    left_out = {"notes": notes} if notes else {}
    return to_json(
        {"source": what, "protocol": protocol, **several, "figures": figures, **left_out}
    )


def _median(rows: Rows) -> int | None:
    """The training seed that stands for all."""
    from ganzoo.measure.spread import median_of

    return [*rows][median_of([*rows.values()])]
