"""Pushing: what is refused, what is sent, and what comes back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

import ganzoo
from ganzoo.errors import CardError, HubError, UsageError
from ganzoo.hub import Address
from ganzoo.hub.pull import pull
from ganzoo.hub.push import push
from ganzoo.specs import read_config
from hub_server import Fault, Hub
from model_folders import LICENCES, describe, write_published

#: The client's own, where it uploads to what is not Xet.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")

RING = Address("lab/ring")
FILES = [
    "README.md",
    "config.json",
    "discriminator.safetensors",
    "model.safetensors",
    "samples.txt",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_published(tmp_path / "tiny-ring")


def send(folder: Path, address: Address = RING, **how):
    config, _ = read_config(folder / "config.json")
    return push(folder, config, "tiny-ring", address, **how)


def files_at(hub: Hub, commit: str, repo: str = "lab/ring") -> dict[str, bytes]:
    """What a commit holds, but for what the Hub itself puts there."""
    files = dict(hub.repos[repo].commits[commit])
    files.pop(".gitattributes", None)
    return files


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_push_makes_the_repository_and_one_commit(hub, folder):
    done = send(folder)
    assert (done.address.repo, done.url) == ("lab/ring", f"{hub.url}/lab/ring")
    assert hub.repos["lab/ring"].branches == {"main": done.address.revision}
    assert len(hub.repos["lab/ring"].commits) == 2  # the first is the Hub's
    assert files_at(hub, done.address.revision) == contents(folder)
    assert not hub.repos["lab/ring"].private


def test_what_was_pushed_is_pulled_again(hub, folder, tmp_path):
    done = send(folder)
    assert contents(pull(done.address, tmp_path / "out").folder) == contents(folder)


def test_push_sends_nothing_else_that_lies_there(hub, folder):
    for name in ("secret.txt", ".env", "old.safetensors", "samples.tar.gz", "config.json.bak"):
        (folder / name).write_text("mine")
    shutil.copytree(folder, folder / "checkpoints")
    done = send(folder)
    assert sorted(files_at(hub, done.address.revision)) == sorted(done.files) == FILES


def test_push_again_sends_what_changed(hub, folder):
    first = send(folder)
    describe(folder, description="Newer.")
    second = send(folder)
    assert first.address != second.address
    assert b"Newer." in files_at(hub, second.address.revision)["config.json"]
    assert hub.count("PUT") == 2  # both players' weights, once


def test_push_keeps_what_else_is_in_the_repository(hub, folder):
    hub.repo("lab/ring").commit({"notes.md": b"by hand"})
    done = send(folder)
    assert files_at(hub, done.address.revision)["notes.md"] == b"by hand"


def test_push_makes_a_branch(hub, folder):
    main = hub.repo("lab/ring").commit({"notes.md": b""})
    done = send(folder, Address("lab/ring", "next"))
    assert hub.repos["lab/ring"].branches == {"main": main, "next": done.address.revision}
    assert send(folder, Address("lab/ring", "next"))  # which is there now


def test_push_makes_a_private_repository(hub, folder):
    send(folder, private=True)
    assert hub.repos["lab/ring"].private
    send(folder, private=True)


def test_push_never_takes_a_public_repository_for_private(hub, folder):
    before = hub.repo("lab/ring").commit({"notes.md": b""})
    with pytest.raises(HubError, match="hf-hub:lab/ring is public; make it private on its"):
        send(folder, private=True)
    assert hub.repos["lab/ring"].branches == {"main": before}


def test_push_to_a_commit_is_refused(hub, folder):
    with pytest.raises(
        UsageError, match="is a commit, which never changes; name a branch, or leave"
    ):
        send(folder, Address("lab/ring", "0" * 40))


def test_push_without_a_token_is_refused(hub, folder, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_another")
    with pytest.raises(
        HubError, match=r"the Hub refuses this \(401\); log in with `hf auth login`"
    ):
        send(folder)
    assert hub.repos == {}


def test_push_that_fails_half_way_leaves_the_branch(hub, folder):
    before = hub.repo("lab/ring").commit({"notes.md": b""})
    hub.faults.append(Fault("POST", "/commit/main", status=403))
    with pytest.raises(HubError, match=r"the Hub refuses this \(403\); log in"):
        send(folder)
    assert hub.repos["lab/ring"].branches == {"main": before}


def test_push_offline_is_refused(hub, folder, monkeypatch):
    monkeypatch.setenv("GANZOO_OFFLINE", "1")
    with pytest.raises(HubError, match="must be uploaded to, but GANZOO_OFFLINE forbids requests"):
        send(folder)
    assert hub.asked == []


# What is not complete


def test_push_names_all_that_is_missing_and_sends_nothing(hub, folder):
    describe(folder, licenses=None)
    (folder / "README.md").unlink()
    (folder / "discriminator.safetensors").unlink()
    with pytest.raises(CardError) as told:
        send(folder)
    assert str(told.value).startswith("tiny-ring is not complete, nothing was uploaded: ")
    for gap in (
        "discriminator.safetensors is missing",
        "config.json states no licenses",
        "README.md is missing; run `ganzoo cards build",
    ):
        assert gap in str(told.value)
    assert hub.asked == []


def refused(folder: Path, text: str) -> None:
    with pytest.raises(CardError, match=text):
        send(folder)


def test_push_wants_the_weights_of_the_config(hub, folder):
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    refused(folder, "model.safetensors has the sha256 .*, config.json says")


def test_push_wants_a_name(hub, folder):
    describe(folder, name=None)
    refused(folder, "config.json states no name; add one")


def test_push_wants_weights(hub, folder):
    describe(folder, files={})
    refused(folder, "config.json lists no model.safetensors; train the model first")


@pytest.mark.parametrize("licence", LICENCES)
def test_push_wants_every_licence(hub, folder, licence):
    describe(folder, licenses={**LICENCES, licence: " "})
    refused(folder, f"licenses.{licence} is empty")


def test_push_wants_a_readme_that_config_json_made(hub, folder):
    config = json.loads((folder / "config.json").read_text())
    config["licenses"]["weights"] = "MIT"
    (folder / "config.json").write_text(json.dumps(config))
    refused(folder, "README.md does not match config.json; run `ganzoo cards build")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("---\nlicense: mit\n---\n", "README.md has no prose; describe what the model is for"),
        ("---\nlicense: mit\n", "README.md cannot be read: .*the front matter is not closed"),
    ],
)
def test_push_wants_a_readme_with_prose(hub, folder, text, told):
    (folder / "README.md").write_text(text)
    refused(folder, told)


def test_push_wants_no_other_files_in_the_config(hub, folder):
    describe(folder, files={"setup.py": {"sha256": "0" * 64, "bytes": 0}})
    refused(folder, "lists the file 'setup.py'; a model's files are safetensors")


def test_push_follows_no_link(hub, folder, tmp_path):
    (tmp_path / "secret").write_text("mine")
    (folder / "samples.txt").unlink()
    (folder / "samples.txt").symlink_to(tmp_path / "secret")
    refused(folder, "samples.txt is a link; replace it with the file")


def test_a_model_pushes_itself_and_is_loaded_by_the_address(hub, folder, tiny_world):
    address = ganzoo.load(folder).push_to_hub("lab/ring")
    assert address.startswith("hf-hub:lab/ring@")
    pushed = ganzoo.load(address)
    assert torch.equal(pushed.sample(2, seed=0), ganzoo.load(folder).sample(2, seed=0))
    with pytest.raises(UsageError, match="is on the Hub already"):
        pushed.push_to_hub("lab/other")
