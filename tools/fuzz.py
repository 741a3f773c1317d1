"""Feed ganzoo damaged and hostile files, mutated from real ones, and report what it does wrong.

    nice -n 15 python tools/fuzz.py --inputs 220000 --seed 0

These are wrong: an exception other than GanzooError, memory beyond the file and a constant (the
process may have no more), a file written or removed outside the target folder, a process started,
a connection, tensors that are not the file's bytes, an input that takes seconds, and an error with
more than 2,000 characters or with control characters. Each such input is written to --keep.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

import ganzoo
from ganzoo.cards import Catalogue, catalogue
from ganzoo.cards.page import page, prose_of_page
from ganzoo.cli.list import _record, _row
from ganzoo.errors import GanzooError
from ganzoo.hub.contents import files_of, missing
from ganzoo.specs import Part, parse_json, read_protocol, read_seeds
from ganzoo.specs.extractor import read_extractor_config
from ganzoo.specs.readme import prose_of, readme_of
from ganzoo.weights import save_weights
from ganzoo.weights.tensorfile import metadata, parse

ROOT = Path(__file__).parents[1]
#: Memory beyond what the process has at the start: 4 MB of JSON as Python objects, and slack.
ROOM = 512 * 2**20
SLOW = 5.0
#: An error is one line without control characters.
LONGEST = 2000

#: Inputs that have broken other readers of such files.
NUMBERS = [
    0,
    -1,
    1,
    2**31,
    2**32 - 1,
    2**48,
    2**63 - 1,
    2**63,
    2**64,
    10**30,
    10**400,
    1e308,
    -0.0,
    0.5,
]
WORDS = [
    *(
        "",
        ".",
        "..",
        "../../etc/passwd",
        "/etc/passwd",
        "C:\\x",
        "a/b",
        "a\\b",
        "\x00",
        "\ud800",
        "\x1b[2J",
    ),
    *("model.safetensors", "config.json", "é", "e\u0301", "\u202e", "\ufeff", "𝔪", "a" * 5000),
    "a" * 300_000,
    *("__class__", "{0.__class__}", "%s%n", "ganzoo/hinge", "os:system", "ganzoo-dcgan/dcgan"),
    *(">=0", ">=0,<", "==" * 50, "NaN", "null", "---\n", "<!-- figures", "F64", "BF16", "$(id)"),
]
TOKENS = [b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"NaN", b"1e999", b"\\ud800", b"\xff"]


def leaf(rng: random.Random) -> Any:
    kind = rng.randrange(6)
    if kind == 0:
        return rng.choice(NUMBERS)
    if kind == 1:
        return rng.choice(WORDS)
    if kind == 2:
        return rng.choice([None, True, False, [], {}])
    if kind == 3:
        return [leaf(rng) for _ in range(rng.randrange(4))]
    if kind == 4:
        return {rng.choice(WORDS): leaf(rng) for _ in range(rng.randrange(3))}
    return rng.randrange(-(2 ** rng.randrange(70)), 2 ** rng.randrange(70))


def places(data: Any) -> list[tuple[Any, Any]]:
    """All (container, key) in JSON data."""
    pairs = []
    keys = data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for key in keys:
        pairs += [(data, key), *places(data[key])]
    return pairs


def mutate_json(data: Any, rng: random.Random) -> Any:
    """Change, remove, repeat, rename or nest some places of JSON data, in place."""
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        known = places(data)
        if not known:
            return leaf(rng)
        where, key = rng.choice(known)
        kind = rng.randrange(6)
        if kind <= 1:
            where[key] = leaf(rng)
        elif kind == 2:
            other, name = rng.choice(known)
            where[key] = json.loads(
                json.dumps(other.get(name) if isinstance(other, dict) else leaf(rng))
            )
        elif kind == 3:
            del where[key]
        elif kind == 4 and isinstance(where, dict):
            where[rng.choice([*WORDS, *where])] = where.pop(key)
        else:
            for _ in range(rng.choice([1, 3, 70, 2000 if rng.random() < 0.02 else 2])):
                where[key] = [where[key]]
    return data


def text_of(data: Any, rng: random.Random) -> bytes:
    """JSON as bytes, sometimes with a duplicate key."""
    sys.setrecursionlimit(20_000)
    text = json.dumps(data, ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.05:
        text = text.replace("{", '{"name": 1, ', rng.randrange(1, 3))
    return text.encode("utf-8", "surrogatepass")


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
    """Flip, cut, insert, repeat or splice."""
    mutated = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        at = rng.randrange(len(mutated) + 1)
        kind = rng.randrange(6)
        if kind == 0 and at < len(mutated):
            mutated[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del mutated[at:]
        elif kind == 2:
            mutated[at:at] = rng.choice(TOKENS)
        elif kind == 3:
            mutated[at:at] = mutated[at : at + rng.randrange(1, 64)]
        elif kind == 4:
            del mutated[at : at + rng.randrange(1, 64)]
        else:
            mutated[at : at + 8] = rng.choice([0, 1, 8, 2**31, 2**63, 2**64 - 1]).to_bytes(
                8, "little"
            )
    return bytes(mutated)


def mutate_tensors(data: bytes, rng: random.Random) -> bytes:
    """Change a safetensors header as JSON, or the file as bytes, or the length that it states."""
    if rng.random() < 0.3:
        start = mutate_bytes(data[: 8 + int.from_bytes(data[:8], "little")], rng)
        return start + data[-rng.randrange(1, 5000) :] if rng.random() < 0.5 else start
    length = int.from_bytes(data[:8], "little")
    mutate = mutate_entries if rng.random() < 0.5 else mutate_json
    header = text_of(mutate(json.loads(data[8 : 8 + length]), rng), rng)
    stated = len(header) if rng.random() < 0.9 else max(0, len(header) + rng.randrange(-9, 9))
    return stated.to_bytes(8, "little") + header + data[8 + length :]


def mutate_config(data: bytes, rng: random.Random) -> bytes:
    """Mutate mostly as JSON, which gets further than bytes do."""
    if rng.random() < 0.2:
        return mutate_bytes(data, rng)
    return text_of(mutate_json(json.loads(data), rng), rng)


def mutate_entries(header: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Change a header's tensors so that much of it may still be valid."""
    name = rng.choice([key for key in header if key != "__metadata__"])
    entry, kind = header[name], rng.randrange(6)
    if kind == 0:
        rng.shuffle(entry["shape"])
    elif kind == 1:
        entry["shape"] += [1] * rng.randrange(20)
    elif kind == 2:
        entry["dtype"] = rng.choice(["F32", "I32", "F64", "BOOL", "U8", "F8_E4M3", "I8"])
    elif kind == 3:
        header[rng.choice(WORDS)] = header.pop(name)
    elif kind == 4:
        at = rng.choice([0, *entry["data_offsets"]])
        sides = [0, *(rng.choice([1, 2**31, 2**47, 2**48, 2**63]) for _ in range(rng.randrange(4)))]
        header["empty"] = {"dtype": "F32", "shape": sides, "data_offsets": [at, at]}
    else:
        header["__metadata__"] = {"ganzoo": rng.choice(["[" * 99, "{}", "1e999", leaf(rng)])}
    return header


class Watch:
    """Records what happens outside one folder, through the interpreter's own audit hook."""

    WRITES = (
        *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod"),
        *("os.truncate", "shutil.rmtree"),
    )
    NEVER = (
        *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork"),
        *("socket.connect", "socket.getaddrinfo", "pickle.find_class", "ctypes.dlopen"),
    )

    def __init__(self, allowed: Path) -> None:
        self.allowed, self.on, self.seen = f"{allowed.resolve()}{os.sep}", False, list[str]()
        sys.addaudithook(self)

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open" and isinstance(args[0], str | bytes | os.PathLike):
            flags = args[2] if len(args) > 2 and isinstance(args[2], int) else 0
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
                self._path(event, args[0])
        elif event in self.WRITES:
            for arg in args:
                if isinstance(arg, str | bytes | os.PathLike):
                    self._path(event, arg)
        elif event in self.NEVER:
            self.seen.append(f"{event}{args[:2]!r}"[:200])

    def _path(self, event: str, path: Any) -> None:
        where = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - as the system reads it
        if not where.startswith(self.allowed) and where != os.devnull:
            self.seen.append(f"{event} {where}")


class Targets:
    """The reader for each kind of input; everything is written into one folder."""

    def __init__(self, place: Path) -> None:
        self.place, self.where = place, Path("model.safetensors")
        self.folder = place / "model"
        self.zoo: Catalogue = catalogue()

    def tensors(self, data: bytes) -> None:
        buffer = torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else torch.empty(
            0, dtype=torch.uint8
        )  # fmt: skip
        with contextlib.suppress(GanzooError):
            metadata(buffer, self.where)
        tensors = parse(buffer, self.where)
        stated = 8 + int.from_bytes(data[:8], "little")
        total = sum(t.numel() * t.element_size() for t in tensors.values())
        if total != len(data) - stated:
            raise AssertionError(f"{total} bytes of tensors, {len(data) - stated} in the file")

    def config(self, data: bytes) -> None:
        (self.folder / "config.json").write_bytes(data)
        card = self.zoo.open_folder(self.folder)
        page(card)
        _row(card.name, card), _record(card.name, card)
        config = card.require_config()
        self.zoo.missing(config)
        with contextlib.suppress(GanzooError):
            files_of(self.folder, config)
            readme_of(config, card.name, "# A\n")
        [*missing(self.folder, config, card.name)]

    def readme(self, data: bytes) -> None:
        (self.folder / "README.md").write_bytes(data)
        card = self.zoo.open_folder(self.folder)
        prose_of_page(card)
        readme_of(card.require_config(), card.name, prose_of(card.readme))

    def load(self, data: bytes) -> None:
        (self.folder / "config.json").write_bytes(data)
        model = ganzoo.load(self.folder)
        if model.discriminator is not None and model.generator.sample_shape == (2,):
            model.sample(2, seed=0)

    def weights(self, data: bytes) -> None:
        (self.folder / "model.safetensors").write_bytes(data)
        ganzoo.load(self.folder)

    def others(self, data: bytes) -> None:
        (self.folder / "seeds.json").write_bytes(data)
        path = self.folder / "seeds.json"
        reads = (
            lambda: read_seeds(self.folder),
            lambda: read_protocol(path),
            lambda: read_extractor_config(path),
            lambda: parse_json(data, "x"),
        )
        for read in reads:
            with contextlib.suppress(GanzooError):
                read()


def real_files() -> dict[str, list[bytes]]:
    """The files to mutate: the zoo's own cards and headers, and other records of ours."""
    configs = [path.read_bytes() for path in sorted(ROOT.glob("zoo_cards/*/config.json"))]
    records = [
        b'{"ganzoo_seeds": 1, "seeds": [0, 1, 2], "command": "ganzoo train x --seeds 3"}',
        *(path.read_bytes() for path in sorted(ROOT.glob("plugins/*/src/**/protocols/*.json"))),
        *(path.read_bytes() for path in sorted(ROOT.glob("ganzoo/extractors/weights/*/*.json"))),
    ]
    weights = [
        path.read_bytes()
        for path in [*sorted(ROOT.glob("ganzoo/extractors/weights/*/*.safetensors"))]
    ]
    heads = [path.read_bytes() for path in sorted(ROOT.glob("zoo_cards/*/*.safetensors"))]
    cut = [data[: 8 + int.from_bytes(data[:8], "little") + 4096] for data in heads]
    return {
        "config": configs,
        "readme": [path.read_bytes() for path in sorted(ROOT.glob("zoo_cards/*/README.md"))],
        "others": records,
        "tensors": [*(data for data in weights if len(data) < 1_000_000), *cut[:2]],
    }


def small_model(folder: Path) -> tuple[bytes, bytes]:
    """Make a small, complete model of points in a folder: its config.json and its weights."""
    from ganzoo.engine.config import config_of
    from ganzoo.specs import write_record

    folder.mkdir()
    raw = config_of("points", "points", "non-saturating", "ring")
    files = {}
    torch.default_generator.manual_seed(0)
    for kind, file in (("generator", "model"), ("discriminator", "discriminator")):
        make = getattr(ganzoo, f"create_{kind}")
        record = save_weights(folder / f"{file}.safetensors", make("points"), Part("points"))
        files[f"{file}.safetensors"] = write_record(record)
    raw |= {"name": "points-ring", "kind": "points", "files": files}
    config = json.dumps(raw).encode()
    (folder / "config.json").write_bytes(config)
    (folder / "README.md").write_text("# A\n")
    return config, (folder / "model.safetensors").read_bytes()


SHARES = {
    "tensors": 0.55,
    "config": 0.20,
    "others": 0.10,
    "load": 0.07,
    "weights": 0.05,
    "readme": 0.03,
}


def inputs(count: int, seed: int, seeds: dict[str, list[bytes]]) -> Iterator[tuple[str, bytes]]:
    """Kinds and inputs, as a function of the seed."""
    mutators: dict[str, Callable[[bytes, random.Random], bytes]] = {
        **dict.fromkeys(("config", "load", "others"), mutate_config),
        **dict.fromkeys(("tensors", "weights"), mutate_tensors),
        "readme": mutate_bytes,
    }
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")  # noqa: S311 - nothing is secret here
        kind = rng.choices(list(SHARES), list(SHARES.values()))[0]
        yield kind, mutators[kind](rng.choice(seeds[kind]), rng)


def limit_memory() -> None:
    """Limit the process to the memory that it has now, plus ROOM."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


class Session:
    """A run: the folder it writes, the outcome of each input, and what was wrong."""

    def __init__(self, place: Path, keep: Path) -> None:
        self.targets, self.watch, self.keep = Targets(place), Watch(place), keep
        config, weights = small_model(self.targets.folder)
        self.seeds = real_files() | {"load": [config], "weights": [weights]}
        self.seeds["config"].append(config)
        self.seeds["tensors"].append(weights)
        self.sound = {path: path.read_bytes() for path in self.targets.folder.iterdir()}
        self.counts, self.refused, self.wrong = Counter[str](), Counter[str](), 0
        self.slowest = (0.0, "")

    def warm_up(self) -> None:
        """Import everything before anything is watched or limited."""
        model = ganzoo.load(self.targets.folder)
        assert model.discriminator is not None and len(model.sample(2, seed=0)) == 2
        for config in self.seeds["config"]:
            with contextlib.suppress(GanzooError):
                self.targets.config(config)
        self.mend()

    def show(self, number: int, kind: str, data: bytes) -> None:
        """Give one input to its reader, and record what happens."""
        start, complaint = time.monotonic(), ""
        self.watch.on = True
        try:
            getattr(self.targets, kind)(data)
        except GanzooError as error:
            self.refused[kind] += 1
            text = str(error)
            plain = text.isprintable() and len(text) <= LONGEST
            complaint = "" if plain else f"a strange line: {text[:99]!a}"
        except Exception:
            complaint = traceback.format_exc(limit=-4)
        self.watch.on = False
        took = time.monotonic() - start
        self.slowest = max(self.slowest, (took, kind))
        self.counts[kind] += 1
        complaint += f"took {took:.1f} s" if took > SLOW else ""
        complaint += f"outside of the folder: {self.watch.seen}" if self.watch.seen else ""
        self.watch.seen.clear()
        if complaint:
            self.wrong += 1
            self.keep.mkdir(parents=True, exist_ok=True)
            (self.keep / f"{number}-{kind}").write_bytes(data)
            print(f"input {number}, {kind}: {complaint[:1500]}", flush=True)
        if kind != "tensors":
            self.mend()

    def mend(self) -> None:
        """Restore the folder."""
        for path in set(self.targets.folder.iterdir()) - self.sound.keys():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path, whole in self.sound.items():
            if path.name != "discriminator.safetensors":
                path.write_bytes(whole)

    def report(self) -> None:
        """The counts, as docs/log.md has them."""
        for kind, n in sorted(self.counts.items()):
            print(f"  {kind:<8} {n:>8,}, refused {self.refused[kind]:,}")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        took, kind = self.slowest
        print(f"  slowest {took:.2f} s ({kind}); peak memory {peak:,.0f} MB")


def main(count: int, seed: int, seconds: float, keep: Path) -> int:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        place = Path(name)
        session = Session(place, keep)
        session.warm_up()
        limit_memory()
        for number, (kind, data) in enumerate(inputs(count, seed, session.seeds)):
            session.show(number, kind, data)
            if session.wrong >= 20 or time.monotonic() - began > seconds:
                break
        beside = [path for path in place.iterdir() if path != session.targets.folder]
    total, wrong = sum(session.counts.values()), session.wrong + len(beside)
    print(f"{total:,} inputs of seed {seed} in {time.monotonic() - began:.0f} s, {wrong} wrong")
    session.report()
    return 1 if wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=220_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=900)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "ganzoo-fuzz")
    torch.set_num_threads(1)
    given = parser.parse_args()
    sys.exit(main(given.inputs, given.seed, given.seconds, given.keep))
