"""What publishing will do, and all that still stands in its way, before anything is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from ganzoo.cards import Catalogue
from ganzoo.errors import CardError, UsageError
from ganzoo.hub.contents import CONFIG, README, files_of, shown_of
from ganzoo.hub.intact import mismatch
from ganzoo.publish.exports import exports_of, prose_for
from ganzoo.publish.target import Target, model_at, target_of
from ganzoo.specs import MODEL_NAME, Licenses, ModelConfig, read_config, write_record
from ganzoo.specs.readme import UNDESCRIBED, blanks, filled, with_figures, with_place_for_figures


@dataclass(frozen=True)
class Wish:
    """What is published, where to, and what a person says of it; what is left open is looked up.

    `ask` is called with what a person must write of the prose, where there is one to be asked.
    `replaces` lets other weights take the place of those that lie there under that name.
    """

    what: str | Path
    to: str
    name: str | None = None
    description: str = ""
    licences: Mapping[str, str] = field(default_factory=dict)
    prose: str | None = None
    ask: Callable[[str], str] | None = None
    replaces: bool = False
    private: bool = False
    message: str = ""


@dataclass(frozen=True)
class Plan:
    """Complete but for its figures: the seeds' exports, the config of one of them, the prose.

    `old` is the config of the model that lies at the target.
    """

    name: str
    exports: Mapping[int, Path]
    target: Target
    config: ModelConfig
    prose: str
    wish: Wish
    old: ModelConfig | None = None


def planned(zoo: Catalogue, wish: Wish) -> Plan:
    """Look everything up, and ask for what only a person knows.

    Raises `CardError` that names all that is missing; nothing was measured or written then.
    """
    exports = exports_of(zoo, wish.what)
    first, _ = read_config(next(iter(exports.values())) / CONFIG)
    name = _name(wish, first)
    target = target_of(zoo, wish.to, name, first)
    old = _there(target)
    config = _described(first, old, wish, name)
    prose = _prose(wish, target, exports, name, zoo.as_path(wish.what))
    gaps = [*_gaps(config, prose, exports, wish), *_in_the_way(target, old, exports, wish)]
    if gaps:
        raise CardError(f"{name} is not complete, nothing was published: {'; '.join(gaps)}")
    told = str(prose).replace(UNDESCRIBED, config.description)
    if wish.ask is not None:
        told = filled(told, wish.ask)
    told = with_place_for_figures(told)
    with_figures(config, told)  # to be told now of figures that have no end
    return Plan(name, exports, target, config, told, wish, old)


def _name(wish: Wish, config: ModelConfig) -> str:
    """The model's name, as asked for or as its recipe has it."""
    name = wish.name or config.name
    if name is None:
        raise UsageError(f"{wish.what} has no name yet; give one with --name, such as my-digits")
    if not MODEL_NAME.fullmatch(name):
        raise UsageError(
            f"--name {name}: a model's name is lower-case words joined by '-', such as my-digits"
        )
    return name


def _there(target: Target) -> ModelConfig | None:
    """The config of the model that lies at the target; None where there is none."""
    if target.address is not None:
        return model_at(target.address)
    if target.folder is None or not (target.folder / CONFIG).is_file():
        return None
    return read_config(target.folder / CONFIG)[0]


def _described(config: ModelConfig, old: ModelConfig | None, wish: Wish, name: str) -> ModelConfig:
    """The config with its name, and with the description and licences that a person gave."""
    known: dict[str, str] = {field.name: "" for field in fields(Licenses)}
    for one in (old, config):
        if one is not None and one.licenses is not None:
            known |= write_record(one.licenses)
    known |= wish.licences
    known = {which: said.strip() for which, said in known.items()}
    before = old.description if old else ""
    return replace(
        config,
        name=name,
        description=wish.description or config.description or before,
        licenses=Licenses(**known),
    )


def _prose(
    wish: Wish, target: Target, exports: dict[int, Path], name: str, run: Path | None
) -> str | None:
    """The person's part of README.md: given, at the target, or beside the weights."""
    prose = wish.prose
    if prose is None and target.folder is not None:
        prose = prose_for({0: target.folder}, None, name)
    if prose is None:
        prose = prose_for(exports, run, name)
    return prose


def _gaps(
    config: ModelConfig, prose: str | None, exports: dict[int, Path], wish: Wish
) -> Iterator[str]:
    """What a person must still say, each with how; nothing that there is somebody to ask for."""
    if not config.description:
        yield "a description is missing; give a line with --description"
    if lacking := [which for which, said in write_record(config.licenses).items() if not said]:
        each = " ".join(f"--license {which}=SPDX" for which in lacking)
        yield f"the licences of {', '.join(lacking)} are missing; give {each}"
    if not (prose or "").strip():
        yield "there is no prose; write what it is for and how it fails, and give --prose FILE"
    elif (asked := blanks(str(prose))) and wish.ask is None:
        draft = next(iter(exports.values())) / README
        yield (
            f"the prose still asks for {', and for '.join(asked)}; write it in {draft}, or give "
            "--prose FILE"
        )
    for folder in exports.values():
        yield from _unlike(folder)
        if not samples_in(folder):
            yield f"{folder} has no samples.*; a writer for the kind {config.kind!r} draws them"


def _unlike(folder: Path) -> Iterator[str]:
    """Each file of a model folder that is not what it should be; links may lead anywhere."""
    config, _ = read_config(folder / CONFIG)
    for file in files_of(folder, config):
        path, record = folder / file, config.files.get(file)
        if path.is_symlink() or (path.exists() and not path.is_file()):
            yield f"{path} is a link or no regular file; put the file itself there"
        elif not path.exists():
            yield f"{path} is missing"
        elif record is not None and (problem := mismatch(path, record)):
            yield f"{folder}: {problem}"


def samples_in(folder: Path) -> list[str]:
    """The names of what shows a model's samples."""
    return [name for name in shown_of(path.name for path in folder.iterdir()) if name != README]


def _in_the_way(
    target: Target, old: ModelConfig | None, exports: dict[int, Path], wish: Wish
) -> Iterator[str]:
    """What lies at the target and must not be lost."""
    if target.folder is not None and target.folder.exists() and old is None:
        yield f"{target.folder} is there and is no model folder; give another --to"
    if old is None:
        return
    ours = [read_config(folder / CONFIG)[0].files for folder in exports.values()]
    if old.files and not wish.replaces and old.files not in ours:
        yield _others(target)
    if target.folder is not None:
        new = {file for files in ours for file in files} - set(files_of(target.folder, old))
        for file in sorted(new):
            if (target.folder / file).exists():
                yield f"{target.folder / file} is not the model's and would be lost; move it away"


def other_weights(plan: Plan, chosen: ModelConfig) -> str:
    """That the target holds other weights than those that were chosen; empty where it may."""
    kept = plan.old is None or not plan.old.files or plan.old.files == chosen.files
    return "" if kept or plan.wish.replaces else _others(plan.target)


def _others(target: Target) -> str:
    return (
        f"{target.folder or target.address} holds other weights under that name; a new training "
        "is a new --name, or say --replace where nobody has it yet"
    )
