"""Write the generated pages of docs/ from the code and the cards, or check that they are fresh.

    python tools/make_reference_pages.py [--check]

They are everything in docs/reference/, the gallery docs/models.md and the cards in docs/models/.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
from reference_pages import models  # noqa: E402
from reference_pages.checks import checks  # noqa: E402
from reference_pages.commands import commands  # noqa: E402
from reference_pages.hooks import hooks  # noqa: E402
from reference_pages.keys import keys  # noqa: E402
from reference_pages.python import topic_pages  # noqa: E402

DOCS = ROOT / "docs"
MARK = "<!-- written by `make reference` from the code; do not edit -->"


def main() -> int:
    """Write the pages, or with --check only name those that are stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if one is stale")
    check = parser.parse_args().check
    stale = False
    for path, text in changes(dict(pages())):
        stale = True
        name = path.relative_to(DOCS).as_posix()
        if check:
            print(f"docs/{name}: stale; run `make reference`")
        elif text is None:
            path.unlink()
            print(f"docs/{name}: removed")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"docs/{name}: written")
    return 1 if check and stale else 0


def changes(made: dict[str, str]) -> Iterator[tuple[Path, str | None]]:
    """The pages whose files differ, with their text; None for a file that is no page any more."""
    for name, text in made.items():
        path = DOCS / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            yield path, text
    for path in sorted(DOCS.rglob("*.md")):
        name = path.relative_to(DOCS).as_posix()
        if name not in made and MARK in path.read_text(encoding="utf-8"):
            yield path, None


def pages() -> Iterator[tuple[str, str]]:
    """Each page's name below docs/, and its text."""
    yield "reference/hooks.md", page(hooks())
    yield "reference/config.md", page(keys())
    yield "reference/commands.md", page(commands())
    yield "reference/checks.md", page(checks())
    yield "models.md", page(models.gallery())
    for name, blocks in (*topic_pages(), *models.card_pages()):
        yield name, page(blocks)


def page(blocks: Iterable[str]) -> str:
    """A title and blocks of Markdown as one text."""
    title, *rest = blocks
    kept = [block.strip("\n") for block in (f"# {title}", MARK, *rest)]
    return "\n\n".join(block for block in kept if block) + "\n"


if __name__ == "__main__":
    sys.exit(main())
