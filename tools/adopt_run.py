"""Take a finished run into zoo_cards/, with the figures that the judge measured.

    python benchmarks/judge_digits.py --json judged.json runs/dcgan-mnist
    python tools/adopt_run.py runs/dcgan-mnist judged.json
    ganzoo cards build

Weights, grid and config.json come from the run's export/; the prose of README.md stays.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from ganzoo.files import write_text
from ganzoo.specs import DISCRIMINATOR_FILE, GENERATOR_FILE, Metric, read_config, write_record
from ganzoo.specs.reading import to_json

ZOO = Path(__file__).parents[1] / "zoo_cards"
JUDGE = "classifier of benchmarks/judge_digits.py, {accuracy:.2%} on test digits"
FIGURES = {
    "fd": ("FD (judge_digits)", "128 features, against the 10,000 test images", 2),
    "class_kl": ("class KL", "histogram of winning classes against uniform, in nats", 4),
    "confident": ("confident share", "samples whose class has over 90%", 4),
}


def metrics(judged: dict, run: Path, name: str) -> list[dict]:
    """The card's figures from what the judge wrote."""
    (row,) = (row for judged_run, row in judged["models"].items() if Path(judged_run) == run)
    judge, repeats = JUDGE.format(**judged), judged["repeats"]
    return [
        write_record(
            Metric(
                name=title,
                value=round(row[key]["mean"], digits),
                spread=round(row[key]["std"], digits),
                floor=round(judged["floor"][key], digits),
                protocol=f"{what}; {judge}; one training seed, spread over "
                f"sampling seeds 0 to {repeats - 1}",
                n=judged["n"],
                repeats=repeats,
                command=f"python benchmarks/judge_digits.py {name}",
            )
        )
        for key, (title, what, digits) in FIGURES.items()
    ]


def main(run: Path, judged: Path) -> None:
    export = run / "export"
    config, raw = read_config(export / "config.json")
    target = ZOO / str(config.name)
    raw["metrics"] = metrics(json.loads(judged.read_text(encoding="utf-8")), run, str(config.name))
    target.mkdir(parents=True, exist_ok=True)
    for file in (GENERATOR_FILE, DISCRIMINATOR_FILE, "samples.png"):
        shutil.copyfile(export / file, target / file)
    write_text(target / "config.json", to_json(raw))
    print(f"{run} -> {target}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
