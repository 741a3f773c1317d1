"""`ganzoo eval` of models of points: their modes are counted, as no extractor is made for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from ganzoo.cards import catalogue
from ganzoo.cli.tables import table
from ganzoo.errors import MetricError
from ganzoo.specs.reading import to_json

if TYPE_CHECKING:
    from ganzoo.publishing.modes import Row
    from ganzoo.specs import Part

    #: Figures by training seed, None of the only one.
    Rows = dict[int | None, Row]

#: Options that ask for features, whatever the data.
FEATURES = ("extractor", "extractor_weights", "reference", "save_reference")


def points_of(what: str | Path, data: Part | None, options: Mapping[str, Any]) -> Part | None:
    """The mixture whose modes are to be counted; None where features are to be measured.

    `data` is what was asked for in place of the model's own, which must be a mixture too.
    """
    from ganzoo.evaluation.evaluate import EXTRACTORS
    from ganzoo.evaluation.sources import is_image_folder
    from ganzoo.interfaces import Dataset
    from ganzoo.parts import qualify
    from ganzoo.publishing.modes import mixture_of

    if any(options[name] for name in FEATURES) or is_image_folder(what):
        return None
    own = catalogue().locate(what, weights=False).require_usable().recipe.data
    asked = (own, data or own)
    if any(qualify(Dataset, one).name in EXTRACTORS for one in asked):
        return None
    return None if any(mixture_of(one) is None for one in asked) else asked[1]


def counted(
    what: str,
    models: Mapping[int | None, str],
    data: Part,
    options: Mapping[str, Any],
    tell: Callable[[str], None],
) -> str:
    """The figures of each model by its training seed (None of the only one), as text or JSON."""
    from ganzoo.devices import own_device, usable_device
    from ganzoo.evaluation.evaluate import SAMPLES
    from ganzoo.publishing.modes import mixture_of, mode_figures, mode_protocol

    mixture = mixture_of(data)
    if mixture is None:
        raise MetricError(f"{data.name} has no modes to count; measure features with --extractor")
    n, device = options["count"] or SAMPLES, str(usable_device(own_device(options["device"])))
    seeds = range(options["seed"], options["seed"] + options["repeats"])
    rows: Rows = {}
    for seed, model in models.items():
        tell(f"{model}: {n:,} points of each of {len(seeds)} sampling seeds")
        rows[seed] = mode_figures(model, mixture, data, n, seeds, device)
    protocol = mode_protocol(mixture, data.name.rpartition("/")[2], n, seeds)
    return (_data if options["as_json"] else _text)(what, protocol, rows)


@dataclass(frozen=True)
class Line:
    """A figure over training seeds, or of the only model over its sampling seeds.

    `each` is every training seed's value, None where there is no such figure: where no sample is
    near a mode. The mean and the deviation are of the others.
    """

    key: str
    each: tuple[float | None, ...]
    value: float | None
    spread: float | None
    floor: float | None


def _lines(rows: Rows) -> list[Line]:
    """A line for each figure."""
    from ganzoo.evaluation.spread import deviation
    from ganzoo.publishing.modes import FIGURES

    lines = []
    for key in FIGURES:
        found = [row.get(key) for row in rows.values()]
        there = [one for one in found if one is not None]
        values = [one.value for one in there]
        lines.append(
            Line(
                key,
                tuple(one.value if one else None for one in found),
                mean(values) if values else None,
                deviation(values) if len(rows) > 1 or not there else there[0].spread,
                there[0].floor if there else None,
            )
        )
    return lines


def _text(what: str, protocol: str, rows: Rows) -> str:
    """For a terminal: a row for each figure, a column for each training seed."""
    from ganzoo.publishing.modes import FIGURES

    several, lines = len(rows) > 1, _lines(rows)
    names = [f"SEED {seed}" for seed in rows] if several else []
    header = ["FIGURE", "MEAN" if several else "VALUE", "SPREAD", *names, "REAL"]
    cells = [
        [
            FIGURES[line.key][0],
            _cell(line.value),
            "" if line.spread is None else f"± {line.spread:.2g}",
            *(_cell(value) for value in (line.each if several else ())),
            "" if line.floor is None else _cell(line.floor),
        ]
        for line in lines
    ]
    told = [f"{what}: {protocol}", "", table(header, cells), ""]
    if lacking := [FIGURES[line.key][0] for line in lines if None in line.each]:
        told.append(f"no sample lies near a mode where there is no {' and no '.join(lacking)}")
    if several:
        told.append(f"the median by {FIGURES[lines[0].key][0]} is seed {_median(rows)}")
    return "\n".join(told).rstrip("\n") + "\n"


def _cell(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"


def _data(what: str, protocol: str, rows: Rows) -> str:
    """The same for programs."""
    from ganzoo.publishing.modes import FIGURES

    figures = {
        line.key: {
            "name": FIGURES[line.key][0],
            "what": FIGURES[line.key][1],
            "value": line.value,
            "spread": line.spread,
            "floor": line.floor,
            "values": line.each,
        }
        for line in _lines(rows)
    }
    several = {"seeds": [*rows], "median": _median(rows)} if len(rows) > 1 else {}
    return to_json({"source": what, "protocol": protocol, **several, "figures": figures})


def _median(rows: Rows) -> int | None:
    """The training seed that stands for all."""
    from ganzoo.publishing.modes import median_by_modes

    return [*rows][median_by_modes([*rows.values()])]
