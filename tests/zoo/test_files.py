"""Files and folders that are there whole: what interrupts a writer costs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo import written_whole
from ganzoo.files import folder_written_whole


def write(folder: Path, text: str) -> None:
    with folder_written_whole(folder) as beside:
        (beside / "a").write_text(text)


@pytest.mark.parametrize("after", [1, 2])
def test_an_interrupted_exchange_leaves_the_old_folder(after, tmp_path, monkeypatch):
    """Ctrl-C at either of the two renames."""
    write(tmp_path / "model", "old")
    replace, calls = Path.replace, []

    def interrupted(path: Path, target: Path) -> Path:
        calls.append(path)
        if len(calls) == after:
            raise KeyboardInterrupt
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "model", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert (tmp_path / "model" / "a").read_text() == "old"


def test_what_a_kill_left_aside_is_put_back(tmp_path):
    """As after a kill between the two renames; the next call fails, and the old one is there."""
    left = tmp_path / ".mod[e]l.x1.old" / "mod[e]l"
    left.mkdir(parents=True)
    (left / "a").write_text("old")
    with pytest.raises(ValueError, match="no"), folder_written_whole(tmp_path / "mod[e]l"):
        raise ValueError("no")
    assert [path.name for path in tmp_path.iterdir()] == ["mod[e]l"]
    assert (tmp_path / "mod[e]l" / "a").read_text() == "old"


def test_a_file_is_written_into_a_new_folder(tmp_path):
    with written_whole(tmp_path / "new" / "a.txt") as beside:
        beside.write_text("new")
        assert not (tmp_path / "new" / "a.txt").exists()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]


def test_an_interrupted_file_leaves_the_old_one(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(TypeError), written_whole(tmp_path / "a.txt") as beside:
        beside.write_bytes(["ne", None])
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
