"""Building a part: a step of its own, whose failure is told once and for its true reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from ganzoo.errors import GanzooError, PartError, UnknownOptionError, one_line
from ganzoo.plugins.registry import Offer, parameters_of
from ganzoo.testing.causes import READY_IT, remedy, unreadied
from ganzoo.testing.failures import authors_line, line_of, root_of, wrong
from ganzoo.testing.numerics import seeded


def built(entry: Offer, arguments: Mapping[str, Any]) -> Any:
    """The part, or None where it cannot be built so."""
    try:
        with seeded(0):
            return build(entry, arguments)
    except GanzooError:
        return None


def build(entry: Offer, arguments: Mapping[str, Any]) -> Any:
    """The part; `CheckError` says why there is none.

    Errors of ganzoo's own that a part raises on purpose (data that is not here) pass through.
    """
    try:
        made = entry.build(**arguments)
    except (PartError, UnknownOptionError) as error:
        _tell(entry, arguments, error)
    if unreadied(made):
        raise wrong(
            f"{type(made).__name__} was built without nn.Module's own __init__: {READY_IT}",
            line_of(entry.resolve(), method="__init__"),
        )
    return made


def _tell(entry: Offer, arguments: Mapping[str, Any], error: GanzooError) -> NoReturn:
    """Say why a part cannot be built: an abstract class, a missing argument, or its own error."""
    factory, root = entry.resolve(), root_of(error)
    at = line_of(factory, method="__init__")
    if missing := sorted(getattr(factory, "__abstractmethods__", ())):
        raise wrong(
            f"{entry.target} lacks {', '.join(missing)}, which its interface asks for: write "
            f"def {missing[0]} in the class",
            line_of(factory, method=""),
        ) from error
    if isinstance(error, UnknownOptionError) or (lacks := _lacking(factory, arguments, root)):
        said = one_line(error) if isinstance(error, UnknownOptionError) else lacks
        raise wrong(
            f"{said}: give every argument a default, or say what to build it with: "
            f'ganzoo_examples = {{"{entry.kind}/{entry.name}": {{...}}}} in the plugin\'s module',
            at,
        ) from error
    hint = remedy(root)
    raise wrong(f"{one_line(error)}{hint and f': {hint}'}", authors_line(root) or at) from error


def _lacking(factory: Any, arguments: Mapping[str, Any], root: BaseException) -> str:
    """Which arguments it was not given and cannot do without; nothing where the error is inside."""
    if not isinstance(root, TypeError) or authors_line(root):
        return ""
    kinds = ("POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD", "KEYWORD_ONLY")
    needed = [
        name
        for name, parameter in parameters_of(factory).items()
        if parameter.kind.name in kinds and parameter.default is parameter.empty
    ]
    lacking = [repr(name) for name in needed if name not in arguments]
    return f"it cannot be built without {', '.join(lacking)}" if lacking else ""
