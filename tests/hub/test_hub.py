"""Models from the Hub: what an address means, and what is fetched, checked and refused."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from ganzoo.errors import CardError, GanzooError, HubError, UsageError, WeightsError
from ganzoo.hub import Address
from ganzoo.hub.intact import is_damaged
from ganzoo.hub.pull import pull
from ganzoo.hub.snapshot import find
from hub_machine import enter
from hub_server import Fault, Hub
from model_folders import describe, record_of, write_large, write_published

RING = Address("lab/ring")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_published(tmp_path / "tiny-ring")


@pytest.fixture
def commit(hub: Hub, folder: Path) -> str:
    """The commit of a published model."""
    return hub.repo("lab/ring").publish(folder)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Skip the client's waits between attempts, and note them."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits


def wanted_path(folder: Path, file: str = "model.safetensors") -> str:
    """How the path of a large file ends on the CDN."""
    return str(record_of(folder / file)["sha256"])


# Addresses


@pytest.mark.parametrize(
    ("text", "repo", "revision", "pinned"),
    [
        ("hf-hub:lab/ring", "lab/ring", None, False),
        ("hf-hub:Lab_1/ring-2.0@main", "Lab_1/ring-2.0", "main", False),
        ("hf-hub:lab/ring@refs/pr/3", "lab/ring", "refs/pr/3", False),
        ("hf-hub:lab/ring@0123456", "lab/ring", "0123456", False),
        (f"hf-hub:lab/ring@{'a1' * 20}", "lab/ring", "a1" * 20, True),
    ],
)
def test_an_address_is_a_repository_and_perhaps_a_revision(text, repo, revision, pinned):
    found = Address.parse(text)
    assert (found.repo, found.revision, found.is_pinned) == (repo, revision, pinned)
    assert str(found) == text


@pytest.mark.parametrize(
    "text",
    [
        "lab/ring",
        "hf-hub:",
        "hf-hub:ring",
        "hf-hub:lab/",
        "hf-hub:lab/ring/more",
        "hf-hub:../ring",
        "hf-hub:lab/..",
        "hf-hub:lab/a--b",
        "hf-hub:lab/ring.git",
        "hf-hub:lab/ring\n",
        "hf-hub:lab/" + "a" * 97,
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(
        UsageError, match=r"is not an address on the Hub; write hf-hub:owner/repo\[@revision\]"
    ):
        Address.parse(text)


@pytest.mark.parametrize("revision", ["", "../main", "a/../b", "a b", "-x", "/main", "main/"])
def test_what_is_no_revision_is_refused(revision):
    with pytest.raises(UsageError, match="is not a revision; write a branch, a tag or a commit"):
        Address.parse(f"hf-hub:lab/ring@{revision}")


# Finding


def test_a_branch_is_resolved_to_its_commit(hub, commit):
    found = find(RING)
    assert found.address == Address("lab/ring", commit)
    assert found.config.name == "tiny-ring"


def test_only_what_the_config_names_is_fetched(hub, folder):
    hub.repo("lab/ring").commit({"big.bin": b"x", **contents(folder)})
    found = find(RING)
    found.fetch_weights()
    names = ["config.json", "discriminator.safetensors", "model.safetensors"]
    assert sorted(path.name for path in found.folder.iterdir()) == names


def test_a_pinned_commit_that_is_cached_asks_nothing(hub, commit):
    find(Address("lab/ring", commit)).fetch_weights()
    hub.asked.clear()
    find(Address("lab/ring", commit)).fetch_weights()
    assert hub.asked == []


def test_a_pinned_commit_is_no_other_one(hub, commit, folder):
    """A repository may name a branch by forty digits."""
    pin = "a1" * 20
    hub.repos["lab/ring"].publish(folder, pin)
    with pytest.raises(HubError, match=f"@{pin}: the Hub returns .*, which is another commit"):
        find(Address("lab/ring", pin))


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_what_is_too_big_is_not_fetched(file, hub, folder):
    hub.repo("lab/big").commit({**contents(folder), file: bytes(5_000_000)})
    with pytest.raises(GanzooError, match=f"{file} has 5,000,000 bytes, "):
        find(Address("lab/big")).fetch_weights()
    assert not [asked for asked in hub.asked if asked[0] == "GET" and file in asked[1]]


def test_a_branch_that_is_cached_asks_once_whether_it_moved(hub, commit):
    find(RING).fetch_weights()
    hub.asked.clear()
    find(RING).fetch_weights()
    assert hub.asked == [("HEAD", "/lab/ring/resolve/main/config.json", "")]


def test_a_branch_that_moves_is_followed_and_its_files_are_of_one_commit(hub, commit, folder):
    found = find(RING)
    describe(folder, description="Newer.")
    hub.repos["lab/ring"].publish(folder)
    found.fetch_weights()  # of the commit that was found
    assert {path.name for path in found.folder.iterdir()} >= {"model.safetensors"}
    assert find(RING).config.description == "Newer."
    assert find(Address("lab/ring", commit)).config.description == ""


# Interruptions and damage


def test_a_download_that_breaks_off_goes_on_from_there(hub, tmp_path, impatient):
    large = write_large(tmp_path / "large", 24_000_000)
    hub.repo("lab/ring").publish(large)
    hub.faults.append(Fault("GET", wanted_path(large), cut=15_000_000))
    pull(RING, tmp_path / "out")
    ranges = [wanted for _, path, wanted in hub.asked if path.startswith("/lfs/")]
    assert ranges == ["", "bytes=10485760-"]  # the client keeps whole pieces of 10 MiB
    assert record_of(tmp_path / "out" / "model.safetensors") == record_of(
        large / "model.safetensors"
    )


def test_a_file_that_is_altered_on_its_way_is_fetched_again(hub, commit, folder):
    hub.faults.append(Fault("GET", wanted_path(folder), alter=True))
    find(RING).fetch_weights()
    assert hub.count("GET", wanted_path(folder)) == 2


def test_a_file_that_is_always_altered_is_refused(hub, commit, folder, tmp_path):
    hub.faults.append(Fault("GET", wanted_path(folder), times=9, alter=True))
    with pytest.raises(WeightsError, match=r"lab/ring@\w+: model.safetensors has the sha256 "):
        pull(RING, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("left", [0, 1, 100, -1])
def test_a_cached_file_that_lost_its_end_is_fetched_again(hub, commit, folder, left):
    for file in ("config.json", "model.safetensors"):
        found = find(RING)
        found.fetch_weights()
        blob = (found.folder / file).resolve()
        blob.write_bytes(blob.read_bytes()[:left])
        find(Address("lab/ring", commit)).fetch_weights()
        assert record_of(found.folder / file) == record_of(folder / file)


def test_a_cache_whose_blobs_are_gone_is_filled_again(hub, commit, folder):
    found = find(RING)
    found.fetch_weights()
    for file in found.folder.iterdir():
        file.resolve().unlink()
    find(Address("lab/ring", commit)).fetch_weights()
    assert record_of(found.folder / "model.safetensors") == record_of(folder / "model.safetensors")


def test_a_blob_that_the_client_shares_between_repositories_is_sound(hub, commit, tmp_path):
    found = find(RING)
    found.fetch_weights()
    for file in found.folder.iterdir():
        blob = file.parent / file.readlink()
        blob.symlink_to(blob.rename(tmp_path / ("f" * 64)))  # named in another way
        assert not is_damaged(file)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"bytes": 7}, "model.safetensors has [0-9,]+ bytes, config.json says 7"),
        ({"sha256": "0" * 64}, "model.safetensors has the sha256 .*, config.json says 0000"),
    ],
)
def test_a_repository_whose_files_do_not_fit_is_refused(hub, folder, tmp_path, change, text):
    config = json.loads((folder / "config.json").read_text())
    config["files"]["model.safetensors"] |= change
    (folder / "config.json").write_text(json.dumps(config))
    hub.repo("lab/ring").publish(folder)
    with pytest.raises(WeightsError, match=f"{text}.*; use another revision"):
        pull(RING, tmp_path / "out")
    # of its size it is what the Hub has, and no use in another; of another size it is not fetched
    assert hub.count("GET", wanted_path(folder)) == (0 if "bytes" in change else 1)
    assert not (tmp_path / "out").exists()


# Refusals


def test_a_repository_that_is_not_there_is_told(hub):
    with pytest.raises(HubError, match="hf-hub:lab/ring: there is no such repository, or it is"):
        find(RING)


def test_a_private_repository_wants_a_token(hub, folder, monkeypatch):
    hub.repo("lab/ring", private=True).publish(folder)
    assert find(RING).config.name == "tiny-ring"
    monkeypatch.setenv("HF_TOKEN", "hf_another")
    with pytest.raises(
        HubError, match=r"the Hub refuses this \(401\); log in with `hf auth login`"
    ):
        find(Address("lab/ring", "0" * 40))


def test_a_gated_repository_wants_permission(hub, commit):
    gated = {"X-Error-Code": "GatedRepo"}
    hub.faults.append(Fault("HEAD", "config.json", times=9, status=403, headers=gated))
    with pytest.raises(
        HubError, match="access requires permission; request it on the repository's"
    ):
        find(RING)


def test_a_revision_that_is_not_there_is_told(hub, commit):
    with pytest.raises(HubError, match="ring@dev: the repository has no revision 'dev'; leave it"):
        find(Address("lab/ring", "dev"))


def test_a_repository_without_a_config_is_told(hub):
    hub.repo("lab/ring").commit({"README.md": b"# Nothing"})
    with pytest.raises(HubError, match="hf-hub:lab/ring: the repository has no config.json"):
        find(RING)


def test_weights_that_were_never_uploaded_are_named(hub, folder):
    (folder / "model.safetensors").unlink()
    hub.repo("lab/ring").publish(folder)
    with pytest.raises(HubError, match="the repository has no model.safetensors"):
        find(RING).fetch_weights()


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"model_type": "bert"}, "the key 'ganzoo_config' is missing"),
        ({"ganzoo_config": 2}, "written for ganzoo_config 2, this ganzoo reads 1; upgrade"),
        ([], "expected an object"),
    ],
)
def test_a_config_that_is_none_of_ours_is_told(hub, config, text):
    hub.repo("lab/ring").commit({"config.json": json.dumps(config).encode()})
    with pytest.raises(CardError, match=f"has no model that ganzoo can read: config.json: {text}"):
        find(RING)


def test_too_many_requests_are_waited_for_as_long_as_the_hub_says(hub, commit, impatient):
    wait = {"Retry-After": "3"}
    # the first is spent on the question how big it is
    hub.faults.append(Fault("HEAD", "config.json", times=3, status=429, headers=wait))
    assert find(RING).address.revision == commit
    assert impatient == [4.0]  # the client adds a second


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (429, "received too many requests .429.; wait a while"),
        (503, "is failing .503.; try again later"),
    ],
)
def test_a_hub_that_never_answers_is_told(hub, commit, impatient, status, text):
    hub.faults.append(Fault("HEAD", "config.json", times=99, status=status))
    with pytest.raises(HubError, match=f"hf-hub:lab/ring: the Hub {text}"):
        find(RING)


#: The port of `discard`, where nobody listens.
NOWHERE = "http://127.0.0.1:9"


def test_a_hub_that_is_out_of_reach_is_told(tmp_path, monkeypatch, impatient):
    enter(monkeypatch, NOWHERE, tmp_path)
    with pytest.raises(HubError, match=f"config.json could not be fetched from {NOWHERE} .*refuse"):
        find(RING)


def test_a_hub_that_is_out_of_reach_leaves_what_is_cached(hub, commit, tmp_path, monkeypatch):
    find(RING).fetch_weights()
    enter(monkeypatch, NOWHERE, tmp_path)
    find(RING).fetch_weights()


@pytest.mark.parametrize("status", [429, 503])
def test_a_hub_that_fails_leaves_what_is_cached(hub, commit, status):
    find(RING).fetch_weights()
    hub.faults.append(Fault("HEAD", "config.json", times=99, status=status))
    find(RING).fetch_weights()


# Offline


def go_offline(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_OFFLINE", "1")
    hub.asked.clear()


def test_offline_a_cached_model_is_found_without_a_request(hub, commit, monkeypatch):
    find(RING).fetch_weights()
    go_offline(hub, monkeypatch)
    for address in (RING, Address("lab/ring", "main"), Address("lab/ring", commit)):
        found = find(address)
        found.fetch_weights()
        assert found.address.revision == commit
    assert hub.asked == []


@pytest.mark.parametrize("revision", [None, "dev", "0" * 40])
def test_offline_what_is_not_cached_is_named(hub, commit, monkeypatch, revision):
    go_offline(hub, monkeypatch)
    with pytest.raises(HubError, match="config.json is not in the cache, but GANZOO_OFFLINE forb"):
        find(Address("lab/ring", revision))
    assert hub.asked == []


def test_offline_damage_is_told(hub, commit, monkeypatch):
    (find(RING).folder / "config.json").resolve().write_bytes(b"{")
    go_offline(hub, monkeypatch)
    with pytest.raises(HubError, match="config.json is damaged in the cache, but GANZOO_OFFLINE"):
        find(RING)
    assert hub.asked == []


def test_the_clients_own_variable_counts_too(hub, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="but HF_HUB_OFFLINE forbids requests; unset it"):
        find(RING)


@pytest.mark.parametrize("value", ["", "0", "false", "No"])
def test_a_variable_that_says_no_forbids_nothing(hub, commit, monkeypatch, value):
    monkeypatch.setenv("GANZOO_OFFLINE", value)
    assert find(RING).address.revision == commit


# Pulling


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_pull_makes_the_folder_that_was_published(hub, commit, folder, tmp_path):
    done = pull(RING, tmp_path / "deep" / "out")
    assert done.address == Address("lab/ring", commit)
    assert contents(done.folder) == contents(folder)
    assert not any(path.is_symlink() for path in done.folder.iterdir())
    assert done.bytes == sum(len(data) for data in contents(folder).values())


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch])
def test_pull_leaves_what_is_there(hub, commit, tmp_path, make):
    make(tmp_path / "out")
    with pytest.raises(UsageError, match="out exists already; give another folder with -o"):
        pull(RING, tmp_path / "out")


def test_pull_leaves_nothing_where_it_fails(hub, commit, folder, tmp_path):
    hub.faults.append(Fault("HEAD", "README.md", times=99, status=404))
    (tmp_path / "there").mkdir()
    with pytest.raises(HubError, match="the Hub answered 404"):
        pull(RING, tmp_path / "there" / "out")
    assert list((tmp_path / "there").iterdir()) == []


def test_pull_says_where_nothing_can_be_written(hub, commit, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(HubError, match="cannot be written to .*file/out: "):
        pull(RING, tmp_path / "file" / "out")


def test_pull_holds_cached_weights_to_the_config(hub, commit, tmp_path):
    found = find(RING)
    found.fetch_weights()
    blob = (found.folder / "model.safetensors").resolve()
    data = bytearray(blob.read_bytes())
    data[-1] ^= 1
    blob.write_bytes(data)
    with pytest.raises(WeightsError, match="has the sha256 .*run `ganzoo cache verify`"):
        pull(RING, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_pull_offline_takes_what_is_cached_or_nothing(hub, commit, folder, tmp_path, monkeypatch):
    find(RING).fetch_weights()
    go_offline(hub, monkeypatch)
    with pytest.raises(HubError, match="README.md is not in the cache"):
        pull(RING, tmp_path / "half")
    monkeypatch.delenv("GANZOO_OFFLINE")
    pull(RING, tmp_path / "one")
    go_offline(hub, monkeypatch)
    assert contents(pull(RING, tmp_path / "two").folder) == contents(folder)
    assert hub.asked == []


# Hostile names


@pytest.mark.parametrize(
    "name", ["../evil.safetensors", "/tmp/evil.safetensors", "a/b.safetensors", "..", "a\\b"]
)
def test_a_config_that_names_a_file_elsewhere_is_refused(hub, folder, tmp_path, name):
    describe_unchecked(folder, files={name: {"sha256": "0" * 64, "bytes": 1}})
    hub.repo("lab/ring").publish(folder)
    with pytest.raises(CardError, match="is not a plain file name"):
        pull(RING, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["setup.py", ".hidden.safetensors", "mödel.safetensors", "CON"])
def test_a_config_that_names_what_no_model_holds_is_refused(hub, folder, tmp_path, name):
    describe_unchecked(folder, files={name: {"sha256": "0" * 64, "bytes": 1}})
    hub.repo("lab/ring").publish(folder)
    with pytest.raises(CardError, match=f"lists the file '{name}'; a model's files are safetenso"):
        pull(RING, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_repository_that_lists_files_elsewhere_gives_the_models_own(hub, folder, tmp_path):
    evil = ["../evil", "../../samples.txt", "/samples.txt", "sub/README.md", "samples.txt/../../x"]
    hub.repo("lab/ring").commit({**contents(folder), **dict.fromkeys(evil, b"evil")})
    before = {path for path in tmp_path.rglob("*") if b"evil" in as_bytes(path)}
    done = pull(RING, tmp_path / "out")
    assert contents(done.folder) == contents(folder)
    assert {path for path in tmp_path.rglob("*") if b"evil" in as_bytes(path)} == before


def describe_unchecked(folder: Path, **keys: object) -> None:
    """Lay keys over a config.json, whatever they are."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **keys}))


def as_bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
