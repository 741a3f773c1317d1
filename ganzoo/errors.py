"""The errors that ganzoo raises on purpose.

    GanzooError
    ├── UsageError            the request is not possible (exit code 2)
    │   ├── UnknownNameError  no model, part or command has that name
    │   └── UnknownOptionError  a part does not take that argument
    ├── ConfigError           a config.json or a recipe does not match the schema
    ├── CardError             a model folder is incomplete or cannot be used
    ├── WeightsError          a weights file is missing, damaged, altered or for another network
    ├── PluginError           a plugin is broken, or missing
    ├── PartError             a part was found but could not be built
    ├── DataError             a data set is missing or unreadable
    ├── HubError              the Hugging Face Hub lacks something, refuses it or is unreachable
    ├── MetricError           a figure cannot be measured or would be wrong
    ├── CheckError            a conformance check found a mistake in a plugin or a model
    └── TrainingError         a training cannot start or continue

Each message is one line: the request, the finding, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable


class GanzooError(Exception):
    """Base of all errors that ganzoo raises on purpose, with the command's exit code."""

    exit_code = 1


class UsageError(GanzooError):
    """The request is not possible."""

    exit_code = 2


class UnknownNameError(UsageError):
    """No model, part or command has that name."""


class UnknownOptionError(UsageError):
    """A part does not take that argument."""


class ConfigError(GanzooError):
    """A config.json or a recipe does not match the schema."""


class CardError(GanzooError):
    """A model folder is incomplete or cannot be used."""


class WeightsError(GanzooError):
    """A weights file is missing, damaged, altered or for another network."""


class PluginError(GanzooError):
    """A plugin is broken, or missing."""


class PartError(GanzooError):
    """A part was found but could not be built."""


class DataError(GanzooError):
    """A data set is missing or unreadable."""


class HubError(GanzooError):
    """The Hugging Face Hub lacks something, refuses it or is unreachable."""


class MetricError(GanzooError):
    """A figure cannot be measured or would be wrong."""


class CheckError(GanzooError):
    """A conformance check found a mistake in a plugin or a model."""


class TrainingError(GanzooError):
    """A training cannot start or continue."""


def did_you_mean(name: str, known: Iterable[str], *, otherwise: str = "known: {}") -> str:
    """Suggest the nearest known names, or list all of them where none is near."""
    import difflib  # here, since most commands never suggest anything

    names = sorted(set(known))
    near = difflib.get_close_matches(name[:100], names, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(repr(n) for n in near)}?"
    return otherwise.format(", ".join(names) or "none")


#: Characters of another library's message, which may contain long values.
LONGEST_FOREIGN = 500


def brief(value: object, most: int = 100) -> str:
    """A value as Python writes it, cut off where it is long: it may have megabytes."""
    text = repr(value[: 2 * most] if isinstance(value, str) else value)
    return text if len(text) <= most else f"{text[: most - 4]} ..."


def printable(text: str) -> str:
    """Text with spaces for control and unprintable characters."""
    return "".join(c if c.isprintable() else " " for c in text)


def one_line(error: BaseException) -> str:
    """An error as one line; other libraries' errors are cut off and named by their type."""
    text = " ".join(printable(str(error)).split())
    if isinstance(error, GanzooError):
        return text
    text = text if len(text) <= LONGEST_FOREIGN else f"{text[: LONGEST_FOREIGN - 4]} ..."
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
