"""A new plugin's package, from the template in `template/`, which is a plugin itself.

The template calls its plugin my-gan; what is written calls it by the name that was asked for.
"""

from __future__ import annotations

import datetime
import keyword
import re
from dataclasses import dataclass
from pathlib import Path

from ganzoo.errors import UsageError
from ganzoo.files import folder_written_whole
from ganzoo.specs import read_config
from ganzoo.specs.readme import readme_of

HERE = Path(__file__).parent
LICENCES = ("Apache-2.0", "MIT", "BSD-3-Clause")
#: The template's own licence and author.
LICENCE, AUTHOR = "Apache-2.0", "Your Name"
#: A name that a family of models may have.
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
#: The core's own names: `ganzoo-core` is itself, `ganzoo-testing` stands in where nobody plays.
TAKEN = ("core", "ganzoo", "testing")
#: What would hide files of the template from git, where it lies in a checkout.
DOTTED = ("gitignore", "github")


@dataclass(frozen=True)
class Names:
    """What a plugin is called: its family `my-gan`, and the names that come of it."""

    family: str

    @classmethod
    def parse(cls, text: str) -> Names:
        """Read what a user typed, with or without `ganzoo-`; `UsageError` where it is no name."""
        family = text.removeprefix("ganzoo-")
        if not NAME.fullmatch(family):
            near = re.sub(r"[^a-z0-9]+", "-", family.lower()).strip("-0123456789")
            hint = f", such as {near!r}" if NAME.fullmatch(near) else ", such as 'my-gan'"
            raise UsageError(
                f"{text!r} is no name for a plugin: small letters, digits and single hyphens, a "
                f"letter first{hint}"
            )
        if keyword.iskeyword(family) or family in TAKEN:
            raise UsageError(f"{text!r} is taken; choose the name of the GAN, such as 'my-gan'")
        return cls(family)

    @property
    def distribution(self) -> str:
        """`ganzoo-my-gan`, as it is installed."""
        return f"ganzoo-{self.family}"

    @property
    def module(self) -> str:
        """`my_gan`, in names of modules."""
        return self.family.replace("-", "_")

    @property
    def words(self) -> str:
        """`MyGan`, in names of classes."""
        return "".join(word.capitalize() for word in self.family.split("-"))


def write_plugin(folder: Path, names: Names, licence: str, author: str) -> list[Path]:
    """Write the package into a new folder, whole or not at all; returns its files.

    Raises `UsageError` where something is there already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already; move it away, or give another --out")
    folder = folder.resolve()
    with folder_written_whole(folder / ".new" if folder.exists() else folder) as beside:
        for source in sorted((HERE / "template").rglob("*")):
            if source.is_file() and "__pycache__" not in source.parts:
                target = beside / _renamed(source.relative_to(HERE / "template"), names)
                target.parent.mkdir(parents=True, exist_ok=True)
                text = source.read_text(encoding="utf-8")
                target.write_text(_reworded(text, names, licence, author), encoding="utf-8")
        (beside / "LICENSE").write_text(_licence(licence, author), encoding="utf-8")
        for path in sorted(beside.rglob("config.json")):
            config, _ = read_config(path)
            readme = readme_of(config, path.parent.name)
            (path.parent / "README.md").write_text(readme, encoding="utf-8")
    if (inside := folder / ".new").is_dir():  # an empty folder may be somebody's working folder
        for path in inside.iterdir():
            path.replace(folder / path.name)
        inside.rmdir()
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _renamed(path: Path, names: Names) -> Path:
    """Where a file of the template goes."""
    first, *rest = path.parts
    whole = "/".join([f".{first}" if first in DOTTED else first, *rest])
    return Path(whole.replace("my_gan", names.module).replace("my-gan", names.family))


def _reworded(text: str, names: Names, licence: str, author: str) -> str:
    """The template's text under the names of the plugin."""
    quoted = author.replace("\\", "\\\\").replace('"', '\\"')
    for old, new in (
        ("my_gan", names.module),
        ("my-gan", names.family),
        ("MyGan", names.words),
        (LICENCE, licence),
        (AUTHOR, quoted),
    ):
        text = text.replace(old, new)
    return text


def _licence(licence: str, author: str) -> str:
    text = (HERE / "licences" / f"{licence}.txt").read_text(encoding="utf-8")
    year = str(datetime.datetime.now(datetime.UTC).year)
    return text.replace("{{YEAR}}", year).replace("{{HOLDER}}", author)
