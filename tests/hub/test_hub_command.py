"""The commands that reach the Hub, in processes of their own, as a shell runs them."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub_machine import Machine
from hub_server import Fault, Hub, serving
from model_folders import describe, record_of, write_large, write_published


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving() as hub:
        yield hub


@pytest.fixture
def machine(hub: Hub, tmp_path: Path) -> Machine:
    (tmp_path / "machine").mkdir()
    return Machine(tmp_path / "machine", hub)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_published(tmp_path / "tiny-ring")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_push_pull_and_show(hub, machine, folder):
    pushed = machine.ganzoo("push", folder, "hf-hub:lab/ring", "--message", "First.")
    commit = hub.repos["lab/ring"].branches["main"]
    assert pushed == f"hf-hub:lab/ring@{commit}: {hub.url}/lab/ring (5 files)\n"
    pulled = machine.ganzoo("pull", "hf-hub:lab/ring")
    assert pulled == f"hf-hub:lab/ring@{commit}: ring/ (5 files, 0.0 MB)\n"
    assert contents(machine.home / "work" / "ring") == contents(folder)
    hub.asked.clear()
    assert "status         ready" in machine.ganzoo("show", f"hf-hub:lab/ring@{commit}")
    assert hub.asked == []


def test_push_refuses_what_is_not_complete(hub, machine, folder):
    describe(folder, licenses=None)
    said = machine.complaint("push", folder, "hf-hub:lab/ring")
    assert "is not complete, nothing was uploaded: config.json states no licenses" in said
    assert hub.asked == []


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("push", "hf-hub:lab/a", "hf-hub:lab/b"), "is on the Hub already; pull it first"),
        (("push", ".", "hf-hub:lab/b@x", "--revision", "y"), "and --revision y differ; give one"),
        (("push", ".", "hf-hub:lab/b", "--revision", "a..b"), "'a..b' is not a revision"),
        (("pull", "lab/ring"), "is not an address on the Hub; write hf-hub:owner/repo"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_told(machine, words, text):
    assert text in machine.complaint(*words, code=2)


def test_pull_says_where_nothing_is(machine):
    said = machine.complaint("pull", "hf-hub:lab/ring")
    assert said.startswith("ganzoo: hf-hub:lab/ring: there is no such repository")


def test_a_hub_without_xet_is_told_of(machine, folder):
    pytest.importorskip("hf_xet")
    said = machine.complaint("push", folder, "hf-hub:lab/ring", HF_HUB_DISABLE_XET="0")
    assert "if this Hub has no Xet, set HF_HUB_DISABLE_XET=1" in said


def test_offline_nothing_is_asked(hub, machine, folder):
    hub.repo("lab/ring").publish(folder)
    said = machine.complaint("show", "hf-hub:lab/ring", GANZOO_OFFLINE="1")
    assert "config.json is not in the cache, but GANZOO_OFFLINE forbids requests; unset it" in said
    assert hub.asked == []


def test_a_pull_that_is_killed_leaves_nothing_in_the_way(hub, machine, tmp_path):
    large = write_large(tmp_path / "large", 24_000_000)
    hub.repo("lab/ring").publish(large)
    stall = threading.Event()
    weights = str(record_of(large / "model.safetensors")["sha256"])
    hub.faults.append(Fault("GET", weights, cut=15_000_000, stall=stall))
    with machine.start("-m", "ganzoo", "pull", "hf-hub:lab/ring") as process:
        wait_for(lambda: list(machine.hub_cache.glob("*/blobs/*.incomplete")))
        process.send_signal(signal.SIGKILL)
    stall.set()
    assert not (machine.home / "work" / "ring").exists()
    machine.ganzoo("pull", "hf-hub:lab/ring")
    assert contents(machine.home / "work" / "ring") == contents(large)
    assert "ok" in machine.ganzoo("cache", "verify")


def test_pulls_that_are_killed_at_any_request_leave_the_cache_usable(hub, machine, folder):
    hub.repo("lab/ring").publish(folder)
    for requests in range(1, 9):
        hub.asked.clear()
        with machine.start("-m", "ganzoo", "pull", "hf-hub:lab/ring", "-o", "half") as process:
            wait_for(lambda p=process, n=requests: len(hub.asked) >= n or p.poll() is not None)
            process.kill()
    machine.ganzoo("pull", "hf-hub:lab/ring", "-o", "whole")
    assert contents(machine.home / "work" / "whole") == contents(folder)
    assert "DAMAGED" not in machine.ganzoo("cache", "verify")
    half = machine.home / "work" / "half"
    assert not half.exists() or contents(half) == contents(folder)


def wait_for(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
