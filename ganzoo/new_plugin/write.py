"""Writing a new plugin's package from `template/`, which is a working plugin called my-gan."""

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
#: The licence and author in the template.
LICENCE, AUTHOR = "Apache-2.0", "Your Name"
#: Valid names of a family of models.
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
#: Names of the core: `ganzoo-core` is its distribution, `ganzoo-testing` a placeholder of the kit.
TAKEN = ("core", "ganzoo", "testing")
#: Files whose dot is left out in the template, so that git does not act on them.
DOTTED = ("gitignore", "github")


@dataclass(frozen=True)
class Names:
    """The names of a plugin, which follow from its family, such as `my-gan`."""

    family: str

    @classmethod
    def parse(cls, text: str) -> Names:
        """Read a name with or without `ganzoo-`; `UsageError` where it is invalid."""
        family = text.removeprefix("ganzoo-")
        if not NAME.fullmatch(family):
            near = re.sub(r"[^a-z0-9]+", "-", family.lower()).strip("-0123456789")
            hint = f", such as {near!r}" if NAME.fullmatch(near) else ", such as 'my-gan'"
            raise UsageError(
                f"{text!r} is not a name for a plugin: use lower-case letters, digits and single "
                f"hyphens, beginning with a letter{hint}"
            )
        if keyword.iskeyword(family) or family in TAKEN:
            raise UsageError(f"{text!r} is taken; choose the name of the GAN, such as 'my-gan'")
        return cls(family)

    @property
    def distribution(self) -> str:
        """The distribution: `ganzoo-my-gan`."""
        return f"ganzoo-{self.family}"

    @property
    def module(self) -> str:
        """The form in module names: `my_gan`."""
        return self.family.replace("-", "_")

    @property
    def words(self) -> str:
        """The form in class names: `MyGan`."""
        return "".join(word.capitalize() for word in self.family.split("-"))


def write_plugin(folder: Path, names: Names, licence: str, author: str) -> list[Path]:
    """Write the whole package into a new or empty folder; returns its files.

    Raises `UsageError` where the folder is not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists already; move it away, or give another --out")
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
    if (
        inside := folder / ".new"
    ).is_dir():  # the empty folder may be a working folder, which must stay
        for path in inside.iterdir():
            path.replace(folder / path.name)
        inside.rmdir()
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _renamed(path: Path, names: Names) -> Path:
    """The path of a template's file in the new package."""
    first, *rest = path.parts
    whole = "/".join([f".{first}" if first in DOTTED else first, *rest])
    return Path(whole.replace("my_gan", names.module).replace("my-gan", names.family))


def _reworded(text: str, names: Names, licence: str, author: str) -> str:
    """The template's text with the plugin's names."""
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
