"""docs/reference/ is what the code says, and says something of everything."""

from __future__ import annotations

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
    """The script as a module."""
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
    monkeypatch.setattr(reference, "PAGES", tmp_path)
    monkeypatch.setattr(reference, "pages", lambda: iter([("hooks.md", "new\n")]))
    monkeypatch.setattr(sys, "argv", ["make_reference_pages.py", "--check"])
    assert reference.main() == 1
    assert "docs/reference/hooks.md: stale; run `make reference`" in capsys.readouterr().out
    assert (tmp_path / "hooks.md").read_text() == "old"
    monkeypatch.setattr(sys, "argv", ["make_reference_pages.py"])
    assert reference.main() == 0
    assert (tmp_path / "hooks.md").read_text() == "new\n"


@pytest.mark.parametrize("name", [n for n in vars(hookspecs) if n.startswith("ganzoo_")])
def test_every_hook_is_told(name: str) -> None:
    assert f"### `{name}`" in page("hooks.md")


@pytest.mark.parametrize("name", [n for n in ganzoo.__all__ if not n.startswith("__")])
def test_every_public_name_is_told(name: str) -> None:
    assert f"### `ganzoo.{name}`" in page("python.md")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_told(name: str) -> None:
    assert f"## `ganzoo {name}`" in page("commands.md")


def test_a_key_without_a_meaning_is_an_error(reference: ModuleType, tmp_path: Path) -> None:
    source = "class Record:\n    #: Told.\n    one: int\n    two: int = 2\n"
    (tmp_path / "record.py").write_text(source)
    records = {
        "Record": (tmp_path / "record.py", reference.tree_of(tmp_path / "record.py").body[0])
    }
    with pytest.raises(SystemExit, match=r"Record\.two says nothing: write a `#:` comment"):
        list(reference.record_described("Record", records, set()))


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
    (node,) = reference.ast.parse(source).body
    assert reference.signature(node, method=True) == expected
