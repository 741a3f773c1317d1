"""Planning a publication: everything it needs, checked before anything is measured."""

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
from ganzoo.specs.readme import (
    CURVES_FILE,
    UNDESCRIBED,
    blanks,
    filled,
    with_figures,
    with_place_for_figures,
)


@dataclass(frozen=True)
class PublishRequest:
    """What to publish, where to, and a person's description of it; the rest is looked up.

    `ask` is called for each part of the prose that a person must write; None where no person can be
    asked. `replaces` allows other weights to replace those at the target.
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
    """A publication without its figures: the seeds' exports, the config and the prose.

    `old` is the config of the model that exists at the target.
    """

    name: str
    exports: Mapping[int, Path]
    target: Target
    config: ModelConfig
    prose: str
    request: PublishRequest
    old: ModelConfig | None = None


def planned(zoo: Catalogue, request: PublishRequest) -> Plan:
    """Look everything up, and ask a person for the rest.

    Raises `CardError` with everything that is missing, before anything is measured or written.
    """
    exports = exports_of(zoo, request.what)
    first, _ = read_config(next(iter(exports.values())) / CONFIG)
    name = _name(request, first)
    target = target_of(zoo, request.to, name, first)
    old = _existing(target)
    config = _described(first, old, request, name)
    prose = _prose(request, target, exports, name, zoo.as_path(request.what))
    gaps = [*_gaps(config, prose, exports, request), *_conflicts(target, old, exports, request)]
    if gaps:
        raise CardError(f"{name} is not complete, nothing was published: {'; '.join(gaps)}")
    text = str(prose).replace(UNDESCRIBED, config.description)
    if request.ask is not None:
        text = filled(text, request.ask)
    text = with_place_for_figures(text)
    with_figures(config, text)  # raises now where the figures' place has no end
    return Plan(name, exports, target, config, text, request, old)


def _name(request: PublishRequest, config: ModelConfig) -> str:
    """The model's name: the requested one, else its recipe's."""
    name = request.name or config.name
    if name is None:
        raise UsageError(f"{request.what} has no name yet; give one with --name, such as my-digits")
    if not MODEL_NAME.fullmatch(name):
        raise UsageError(
            f"--name {name}: a model's name is lower-case words joined by '-', such as my-digits"
        )
    return name


def _existing(target: Target) -> ModelConfig | None:
    """The config of the model at the target; None where there is none."""
    if target.address is not None:
        return model_at(target.address)
    if target.folder is None or not (target.folder / CONFIG).is_file():
        return None
    return read_config(target.folder / CONFIG)[0]


def _described(
    config: ModelConfig, old: ModelConfig | None, request: PublishRequest, name: str
) -> ModelConfig:
    """The config with its name, its description and its licences."""
    licences: dict[str, str] = {field.name: "" for field in fields(Licenses)}
    for one in (old, config):
        if one is not None and one.licenses is not None:
            licences |= write_record(one.licenses)
    licences |= request.licences
    licences = {which: name.strip() for which, name in licences.items()}
    old_description = old.description if old else ""
    return replace(
        config,
        name=name,
        description=request.description or config.description or old_description,
        licenses=Licenses(**licences),
    )


def _prose(
    request: PublishRequest, target: Target, exports: dict[int, Path], name: str, run: Path | None
) -> str | None:
    """The person's part of README.md: given, at the target, or beside the weights."""
    prose = request.prose
    if prose is None and target.folder is not None:
        prose = prose_for({0: target.folder}, None, name)
    if prose is None:
        prose = prose_for(exports, run, name)
    return prose


def _gaps(
    config: ModelConfig, prose: str | None, exports: dict[int, Path], request: PublishRequest
) -> Iterator[str]:
    """What a person must still provide, each with how, unless they can be asked for it."""
    if not config.description:
        yield "a description is missing; give a line with --description"
    if lacking := [which for which, name in write_record(config.licenses).items() if not name]:
        each = " ".join(f"--license {which}=SPDX" for which in lacking)
        yield f"the licences of {', '.join(lacking)} are missing; give {each}"
    if not (prose or "").strip():
        yield "there is no prose; write what it is for and how it fails, and give --prose FILE"
    elif (asked := blanks(str(prose))) and request.ask is None:
        draft = next(iter(exports.values())) / README
        yield (
            f"the prose still asks for {', and for '.join(asked)}; write it in {draft}, or give "
            "--prose FILE"
        )
    for folder in exports.values():
        yield from _faulty_files(folder)
        if not samples_in(folder):
            yield f"{folder} has no samples.*; a writer for the kind {config.kind!r} draws them"


def _faulty_files(folder: Path) -> Iterator[str]:
    """Each file of a model folder that is missing, altered or a link, which may lead anywhere."""
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
    """The names of the files that show a model's samples."""
    names = shown_of(path.name for path in folder.iterdir())
    return [name for name in names if name not in (README, CURVES_FILE)]


def _conflicts(
    target: Target, old: ModelConfig | None, exports: dict[int, Path], request: PublishRequest
) -> Iterator[str]:
    """What exists at the target and must not be lost."""
    if target.folder is not None and target.folder.exists() and old is None:
        yield f"{target.folder} exists but is not a model folder; give another --to"
    if old is None:
        return
    ours = [read_config(folder / CONFIG)[0].files for folder in exports.values()]
    if old.files and not request.replaces and old.files not in ours:
        yield _holds_others(target)
    if target.folder is not None:
        new = {file for files in ours for file in files} - set(files_of(target.folder, old))
        for file in sorted(new):
            if (target.folder / file).exists():
                yield f"{target.folder / file} is not the model's and would be lost; move it away"


def other_weights(plan: Plan, chosen: ModelConfig) -> str:
    """Why the chosen weights must not replace those at the target; empty if they may."""
    kept = plan.old is None or not plan.old.files or plan.old.files == chosen.files
    return "" if kept or plan.request.replaces else _holds_others(plan.target)


def _holds_others(target: Target) -> str:
    return (
        f"{target.folder or target.address} holds other weights under that name; a new training "
        "gets a new --name; pass --replace if the old one is not in use yet"
    )
