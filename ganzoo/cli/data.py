"""`ganzoo data`: what a network would see of pictures, of another file or of a data set."""

from __future__ import annotations

import json
import logging
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cards import Catalogue, catalogue
from ganzoo.cli.parameters import json_option
from ganzoo.errors import ConfigError, GanzooError, UnknownNameError, UsageError, printable
from ganzoo.own_pictures import side_made
from ganzoo.recipes import read_from
from ganzoo.specs import Part, parse_json
from ganzoo.specs.reading import to_json

if TYPE_CHECKING:
    from ganzoo.data.preview import FilePreview, Preview

#: What pictures are shown as unless something else is asked for: as the first training takes them.
FIRST_FORM = {"size": 64, "channels": 3}
#: Classes, reasons and groups of duplicates that the text lists; --json lists all.
LISTED = 8


@click.command("data")
@click.argument("what", metavar="PATH|DATASET|DATASET:PATH")
@click.option("--size", metavar="SIDE", help="A side in pixels, or [HEIGHT,WIDTH].  [default: 64]")
@click.option(
    "--channels",
    type=click.Choice(["1", "3", "4"]),
    help="1 for grey; 4 with --background keep.  [default: 3]",
)
@click.option(
    "--fit",
    type=click.Choice(["crop", "pad", "stretch"]),
    help="How pictures of another shape are fitted.  [default: crop]",
)
@click.option(
    "--background",
    metavar="COLOUR|keep",
    help="Colour behind transparency; keep makes it a fourth channel.  [default: white]",
)
@click.option("--labels", is_flag=True, help="Take the sub-folders as classes.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Up to 64 samples as the network will see them, images as a contact sheet.  [default: "
    "data.png, or another ending if the samples are no images]",
)
@json_option
def command(what: str, out: Path | None, as_json: bool, **options: Any) -> None:
    """Show what a network would see of a folder of pictures, or of a data set.

    \b
    ganzoo data photos/
    ganzoo data photos/ --fit pad --background black
    ganzoo data mnist-mini -o digits.png
    ganzoo data text:poems.txt
    """  # noqa: D301
    from ganzoo.build import build
    from ganzoo.data.preview import contact_sheet, preview
    from ganzoo.interfaces import Dataset
    from ganzoo.writers.by_kind import grid_path, write_samples, writer_of

    part = part_of(catalogue(), what, options)
    with _warnings_off():  # they are part of the preview
        data = build(Dataset, part)
    described = preview(data)
    writer, sheet = writer_of(described.kind), contact_sheet(data)
    out = out or grid_path(writer, Path("data"))
    try:
        write_samples(described.kind, sheet, out, data.legend)
    except OSError as error:
        raise GanzooError(f"{out} cannot be written: {error.strerror or error}") from None
    if as_json:
        record = {"data": asdict(part), "sheet": str(out), **asdict(described)}
        click.echo(to_json(record), nl=False)
        return
    for name, text in lines_of(what, described, out, part):
        click.echo(f"{name:<12}{text}")
    for line in (writer.lines(sheet[:LISTED], data.legend) or ())[:LISTED]:
        click.echo(f"{'such as':<12}{printable(line)}")


def part_of(zoo: Catalogue, what: str, options: Mapping[str, Any]) -> Part:
    """The data set that WHAT names, or the folder at that path, with the options' arguments."""
    arguments = {key: value for key, value in options.items() if value}
    if "channels" in arguments:
        arguments["channels"] = int(arguments["channels"])
    if "size" in arguments:
        arguments["size"] = _size(arguments["size"])
    if part := read_from(zoo, what, what):
        if part["name"] == "folder":
            return _folder(what.partition(":")[2], arguments)
        return Part(part["name"], {**part["arguments"], **arguments})
    try:
        zoo.registry.find("dataset", what)
    except UnknownNameError:
        if zoo.as_path(what) is None and not Path(what).exists():
            raise
        return _folder(what, arguments)
    return Part(what, arguments)


def _size(text: str) -> Any:
    try:
        return parse_json(text, "--size")
    except ConfigError:
        raise UsageError(f"--size is a side such as 64, or [64,96], found {text!r}") from None


def _folder(path: str, arguments: Mapping[str, Any]) -> Part:
    channels = 4 if arguments.get("background") == "keep" else 3
    return Part("folder", {"path": path, **FIRST_FORM, "channels": channels, **arguments})


@contextmanager
def _warnings_off() -> Iterator[None]:
    log = logging.getLogger("ganzoo")
    log.disabled, before = True, log.disabled
    try:
        yield
    finally:
        log.disabled = before


def lines_of(what: str, described: Preview, out: Path, part: Part) -> Iterator[tuple[str, str]]:
    """The preview for people, as the names and texts of its lines."""
    shape = "x".join(map(str, described.shape))
    yield "samples", f"{described.samples:,} of shape {shape} ({described.kind})"
    if described.summary:
        yield "made", described.summary
    if described.files:
        yield from _file_lines(described.files)
    if described.classes is not None:
        counts = [f"{name} {count:,}" for name, count in described.classes.items()]
        yield "classes", f"{len(counts)}: {_listed(counts)}"
    yield "sheet", str(out)
    if described.files:
        folder = what if what.startswith("folder:") else f"folder:{what}"
        trained = trainable(part)
        if trained != part:
            size = "x".join(map(str, described.shape[:0:-1]))
            yield "but", f"own pictures are not trained at {size}; the next command takes a square"
        settings = [*settings_of(trained), *told_classes(described.classes)]
        yield "next", shlex.join(["ganzoo", "train", "--data", folder, *settings])


def trainable(part: Part) -> Part:
    """The folder as `ganzoo train` can take it: a square where its networks lack the size.

    A rectangle is padded to the square, unless something else was asked for.
    """
    size = part.arguments["size"]
    side = side_made(catalogue().registry, size, part.arguments["channels"])
    if side is None:
        return part
    arguments = {**part.arguments, "size": side}
    if isinstance(size, list):
        arguments.setdefault("fit", "pad")
    return Part(part.name, arguments)


def settings_of(part: Part) -> Iterator[str]:
    """The options of `ganzoo train` that prepare pictures as this preview did."""
    for name, value in part.arguments.items():
        if name != "path" and value != FIRST_FORM.get(name):
            text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
            yield from ("--set", f"data.arguments.{name}={text}")


def told_classes(classes: Mapping[str, int] | None) -> Iterator[str]:
    """The options by which both networks are told the class; none for fewer than two classes."""
    if classes is not None and len(classes) > 1:
        for player in ("generator", "discriminator"):
            yield from ("--set", f"{player}.arguments.num_classes={len(classes)}")


def _file_lines(files: FilePreview) -> Iterator[tuple[str, str]]:
    if files.sizes:
        names = zip(("smallest", "median", "largest"), files.sizes, strict=True)
        yield "sizes", ", ".join(f"{name} {width}x{height}" for name, (width, height) in names)
    yield "formats", _counted(files.formats)
    yield "channels", _counted(files.channels)
    missing = sum(count for *_, count in files.left_out)
    if missing:
        yield "left out", f"{missing:,} of {files.files:,} files; all in {files.left_out_list}"
        for path, reason, count in files.left_out[:LISTED]:
            more = f" and {count - 1:,} more" if count > 1 else ""
            yield "", f"{path}{more}: {reason}"
    yield "same file", _groups(files.same, " = ")
    yield "alike", _groups(files.alike, " ~ ")


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _groups(groups: Sequence[Sequence[str]], sign: str) -> str:
    if not groups:
        return "none"
    spare = sum(len(group) - 1 for group in groups)
    texts = [sign.join(group[:LISTED]) for group in groups]
    return f"{spare:,} to spare: {_listed(texts, '; ')}"


def _listed(texts: Sequence[str], sign: str = ", ") -> str:
    more = len(texts) - LISTED
    return sign.join([*texts[:LISTED], *([f"and {more:,} more"] if more > 0 else [])])
