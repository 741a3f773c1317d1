"""Checks of a model folder: complete, true, and free of code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganzoo.build import parts_in_arguments
from ganzoo.cards import Card
from ganzoo.engine.run.export import count, fingerprint, off_by
from ganzoo.errors import CheckError, GanzooError, did_you_mean, one_line
from ganzoo.plugins import CORE
from ganzoo.plugins.versions import version_fits
from ganzoo.specs import ModelConfig, Part
from ganzoo.testing.cases import parts_of
from ganzoo.testing.failures import Blocked, NotOfferedError, Skipped, reported_by, wrong
from ganzoo.testing.subjects import ModelSubject
from ganzoo.weights import read_tensors
from ganzoo.zoo import Model

#: Suffixes of files that are code, or whose readers may run code from them.
CODE = frozenset(
    {
        *(".bin", ".ckpt", ".dll", ".dylib", ".h5", ".ipynb", ".joblib", ".js", ".npy", ".npz"),
        *(".pickle", ".pkl", ".pt", ".pth", ".py", ".pyc", ".sh", ".so", ".tar", ".whl", ".zip"),
    }
)
#: The first bytes of such files: zip archives, pickles, programs.
STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"\x7fELF", b"#!")
WEIGHTS = ".safetensors"


def check_card(subject: ModelSubject) -> None:
    """The card can be read and used, and holds what a reader must know."""
    card: Card = subject.card
    if card.config is None or card.status == "broken":
        raise wrong(card.problem or f"{card.folder} cannot be used", str(card.folder))
    config = card.config
    missing = [] if config.description else ["description"]
    if config.files:
        required: dict[str, Any] = {
            "licenses": config.licenses,
            "parameters": config.parameters,
            "provenance": config.provenance,
        }
        if _has_fingerprint(subject):
            required["fingerprint"] = config.fingerprint
        missing += [key for key, value in required.items() if not value]
        if not (subject.card.folder / "README.md").is_file():
            missing.append("README.md")
    if missing:
        raise wrong(
            f"{subject.card.folder.name} lacks {', '.join(missing)}, required of a published "
            "model: an export writes what can be measured; write the description and the licences "
            "into config.json",
            str(subject.card.folder / "config.json"),
        )


def check_requires(subject: ModelSubject) -> None:
    """Parts exist, carry their plugins' names, and `requires` lists those plugins."""
    config, at = _config(subject), str(subject.card.folder / "config.json")
    for kind, part in parts_of(config).items():
        distribution, _, _ = part.name.rpartition("/")
        if not distribution:
            raise wrong(
                f"the {kind} is {part.name!r}, by its bare name, which another plugin may offer "
                "too: write my-plugin/name, or ganzoo/name for the core's",
                at,
            )
        if distribution != CORE and distribution not in config.requires:
            raise wrong(
                f"the {kind} is {part.name!r}, and requires does not name {distribution}, so "
                f'nobody learns what to install: add "{distribution}": ">=0.1"',
                at,
            )
        _check_version(subject, config, distribution, at)
        _check_offered(subject, kind, part, distribution, at)
    for part in parts_in_arguments(config):
        distribution, _, _ = part.name.rpartition("/")
        if distribution not in (CORE, *config.requires):
            raise wrong(
                f"arguments of the recipe name {part.name!r}, and requires does not name "
                f'{distribution}: add "{distribution}": ">=0.1"',
                at,
            )


def check_files(subject: ModelSubject) -> str:
    """Each file of the card exists, with its sha256 and size, and its tensors can be read."""
    config = _weighed(subject)
    for name, record in config.files.items():
        path = subject.card.folder / name
        if not path.is_file():
            raise wrong(
                f"{path} is missing: the card names it, and it is not in the package's data; "
                "declare it as your build backend requires (hatchling takes all files below the "
                "package, setuptools needs package_data)"
            )
        try:
            read_tensors(path, record)
        except GanzooError as error:
            raise wrong(f"{one_line(error)}: export the model again, as a whole") from error
    return ", ".join(config.files)


def check_no_code(subject: ModelSubject) -> None:
    """No file in the folder is or may contain code, and the card lists all weights."""
    config = _config(subject)
    for path in sorted(subject.card.folder.rglob("*")):
        if not path.is_file() or ".git" in path.relative_to(subject.card.folder).parts:
            continue
        if path.suffix.lower() in CODE or _begins_like_code(path):
            raise wrong(
                f"{path.name} is code, or a file whose readers may run code, and a model folder "
                "must be data: ship weights as safetensors, and networks as parts of a plugin",
                str(path),
            )
        if path.suffix == WEIGHTS and path.name not in config.files:
            raise wrong(
                f"{path.name} holds weights that the card does not name, so nobody can tell "
                "whether they were altered: list it under files with sha256 and bytes, or remove "
                "it",
                str(path),
            )


def check_parameters(subject: ModelSubject) -> None:
    """The card's parameter counts are those of its networks."""
    config = _weighed(subject)
    model = _loaded(subject)
    players: dict[str, Any] = {"generator": model.generator}
    if model.discriminator is not None:
        players["discriminator"] = model.discriminator
    for name, network in players.items():
        claimed, actual = config.parameters.get(name), count(network)
        if claimed is not None and claimed != actual:
            raise wrong(
                f"the card says {claimed:,} parameters for the {name}, and it has {actual:,}: the "
                "network, or its arguments, changed after the export; export the model again",
                str(subject.card.folder / "config.json"),
            )


def check_fingerprint(subject: ModelSubject) -> str:
    """Samples of fixed latents have the statistics of the card's fingerprint."""
    claimed = _weighed(subject).fingerprint
    if claimed is None:
        raise Skipped("the card has no fingerprint")
    with reported_by("check_parameters", "loading it"):
        model = _loaded(subject)
    off = off_by(fingerprint(model.generator, model.labeller), claimed)
    if off > claimed.tolerance:
        raise wrong(
            f"samples of seed {claimed.seed} differ from the card's fingerprint by {off:.2g}, and "
            f"{claimed.tolerance:g} is allowed: the generator computes something else than when "
            "the weights were made; restore it, and give a changed network a new name",
            str(subject.card.folder / "config.json"),
        )
    return f"within {off:.1g} of {claimed.tolerance:g}"


def _config(subject: ModelSubject) -> ModelConfig:
    config: ModelConfig | None = subject.card.config
    if config is None or subject.card.status == "broken":
        raise Blocked("check_card", "the model cannot be used")
    return config


def _weighed(subject: ModelSubject) -> ModelConfig:
    """The config, if the model has weights."""
    config = _config(subject)
    if not config.files:
        raise Skipped("it is a recipe: there are no weights yet")
    return config


def _loaded(subject: ModelSubject) -> Model:
    try:
        return subject.model
    except GanzooError as error:
        raise wrong(f"it cannot be loaded: {one_line(error)}") from error


def _check_version(subject: ModelSubject, config: ModelConfig, owner: str, at: str) -> None:
    """The installed plugin is in the range that the model requires."""
    plugin, versions = subject.world.manager.plugins.get(owner), config.requires.get(owner)
    if plugin is not None and versions is not None and not version_fits(plugin.version, versions):
        raise wrong(
            f"requires asks for {owner}{versions}, and {plugin.version} is here: a plugin's own "
            "models must work with its own version; raise the version in pyproject.toml, or lower "
            "the range",
            at,
        )


def _check_offered(subject: ModelSubject, kind: str, part: Part, owner: str, at: str) -> None:
    """The plugin offers the part, if the plugin is here."""
    plugin = subject.world.manager.plugins.get(owner)
    if plugin is None or not plugin.loaded:
        return
    offered, bare = plugin.parts.get(kind, {}), part.name.rpartition("/")[2]
    if bare not in offered:
        raise NotOfferedError(
            f"the {kind} is {part.name!r}, and {owner} offers none of that name; "
            f"{did_you_mean(bare, offered)} [{at}]",
            owner,
        )


def _has_fingerprint(subject: ModelSubject) -> bool:
    """Whether its generator makes samples by itself: one with conditions may lack them."""
    try:
        model = _loaded(subject)
        fingerprint(model.generator, model.labeller)
    except CheckError:
        return True
    except Exception:
        return False
    return True


def _begins_like_code(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(9)
    return start.startswith(STARTS) and not (path.suffix == WEIGHTS and start[8:] == b"{")
