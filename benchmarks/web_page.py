"""How large a page is, how soon it draws, and how soon it answers a slider, in chromium.

    python benchmarks/web_page.py build/page [--visits 5]

Prints JSON. The first picture's time is counted from the start of navigation, in a browser that
has not seen the page before; a slider's from its input event to the new picture on the canvas.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))

from chromium import Visitor, started

FIRST = "performance.getEntriesByName('first-picture')[0].startTime"
ANSWER = """
const slider = document.querySelector("#sliders input[id^=by]");
const drawn = new Promise((resolve) =>
  document.addEventListener("ganzoo:drawn", resolve, { once: true }));
const began = performance.now();
slider.value = args[0];
slider.dispatchEvent(new Event("input"));
await drawn;
return performance.now() - began;"""


def size(folder: Path) -> dict[str, float]:
    """Megabytes of the folder, and of all but the model's weights."""
    files = {file: file.stat().st_size for file in folder.rglob("*") if file.is_file()}
    page = sum(count for file, count in files.items() if file.name != "model.js")
    return {"whole": sum(files.values()) / 1e6, "without weights": page / 1e6}


def visit(page: Path) -> tuple[float, list[float]]:
    """Milliseconds to the first picture, and to the answers to twenty moves of a slider."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = started(Path(profile))
        try:
            visitor = Visitor(browser)
            visitor.opens(page, until="wall")
            first = visitor.runs(f"return {FIRST}")
            answers = []
            for move in range(20):
                answers.append(visitor.awaits(ANSWER, move % 7 - 3.5))
                time.sleep(0.03)
            return first, answers
        finally:
            browser.quit()


def main() -> None:
    """Visit a page several times and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("page", type=Path, help="the folder of a page")
    parser.add_argument("--visits", type=int, default=5)
    given = parser.parse_args()
    visits = [visit(given.page.resolve() / "index.html") for _ in range(given.visits)]
    firsts = [first for first, _ in visits]
    answers = [answer for _, some in visits for answer in some]
    measured = {
        "megabytes": size(given.page),
        "first picture, ms": {"median": statistics.median(firsts), "worst": max(firsts)},
        "slider, ms": {"median": statistics.median(answers), "worst": max(answers)},
        "visits": given.visits,
    }
    print(json.dumps(measured, indent=2))


if __name__ == "__main__":
    main()
