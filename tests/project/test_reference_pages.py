"""The generated pages of docs/ say what the code says, and leave nothing out."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import ganzoo
from ganzoo.cli import COMMANDS
from ganzoo.plugins import hookspecs

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "make_reference_pages.py"
PAGES = ROOT / "docs" / "reference"


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """The script as a module, whose import lets `reference_pages` be imported."""
    spec = importlib.util.spec_from_file_location("make_reference_pages", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def page(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


def test_the_reference_is_fresh() -> None:
    ended = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_stale_page_is_named_and_left_alone(
    reference: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "hooks.md").write_text("old")
    (tmp_path / "gone.md").write_text(f"# Gone\n\n{reference.MARK}\n")
    (tmp_path / "prose.md").write_text("# By hand\n")
    monkeypatch.setattr(reference, "DOCS", tmp_path)
    monkeypatch.setattr(reference, "pages", lambda: iter([("hooks.md", "new\n")]))
    monkeypatch.setattr(sys, "argv", ["make_reference_pages.py", "--check"])
    assert reference.main() == 1
    out = capsys.readouterr().out
    assert "docs/hooks.md: stale; run `make reference`" in out
    assert "docs/gone.md: stale; run `make reference`" in out
    assert (tmp_path / "hooks.md").read_text() == "old"
    monkeypatch.setattr(sys, "argv", ["make_reference_pages.py"])
    assert reference.main() == 0
    assert (tmp_path / "hooks.md").read_text() == "new\n"
    assert {path.name for path in tmp_path.iterdir()} == {"hooks.md", "prose.md"}


@pytest.mark.parametrize("name", [n for n in vars(hookspecs) if n.startswith("ganzoo_")])
def test_every_hook_is_told(name: str) -> None:
    assert f"### `{name}`" in page("hooks.md")


@pytest.mark.parametrize("name", [n for n in ganzoo.__all__ if not n.startswith("__")])
def test_every_public_name_stands_on_one_page(name: str) -> None:
    pages = [path.read_text(encoding="utf-8") for path in (PAGES / "python").iterdir()]
    assert sum(f"## `ganzoo.{name}`\n" in text for text in pages) == 1
    assert f"[`ganzoo.{name}`](python/" in page("python.md")


@pytest.mark.parametrize("name", [path.parent.name for path in ROOT.glob("zoo_cards/*/README.md")])
def test_every_model_stands_in_the_gallery(name: str) -> None:
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    assert f"## {name}\n" in text
    assert f"](models/{name}.md)" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_told(name: str) -> None:
    assert f"## `ganzoo {name}`" in page("commands.md")


def test_a_key_without_a_meaning_is_an_error(reference: ModuleType, tmp_path: Path) -> None:
    source = "class Record:\n    #: Told.\n    one: int\n    two: int = 2\n"
    (tmp_path / "record.py").write_text(source)
    keys = importlib.import_module("reference_pages.keys")
    records = keys.records_in(tmp_path / "record.py")
    with pytest.raises(SystemExit, match=r"Record\.two has no meaning: write a `#:` comment above"):
        list(keys.record_described("Record", records, set()))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(self, n: int = 64, *, seed: int | None = None) -> Tensor: ...",
         "f(n: int = 64, *, seed: int | None = None) -> Tensor"),
        ("def f(self, a, /, b=1, *rest: int, c, **more: Any): ...",
         "f(a, /, b=1, *rest: int, c, **more: Any)"),
    ],
)  # fmt: skip
def test_a_signature_is_written_as_pep_8_has_it(
    reference: ModuleType, source: str, expected: str
) -> None:
    sources = importlib.import_module("reference_pages.sources")
    (node,) = ast.parse(source).body
    assert sources.signature(node, method=True) == expected
