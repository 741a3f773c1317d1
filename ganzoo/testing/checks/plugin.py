"""Checks of a plugin as a whole: it loads, quickly, and a wheel carries all of it."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import json
import operator
import os
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import click

from ganzoo.errors import ConfigError, did_you_mean, one_line
from ganzoo.plugins import CORE, canonical
from ganzoo.specs.protocol import read_protocol
from ganzoo.testing.failures import Blocked, Skipped, short_path, wrong
from ganzoo.testing.subjects import PluginSubject

#: Runs in a fresh process: imports a module, and names the line that imports what it must not.
PROBE = """
import importlib, json, sys, time, traceback
HEAVY = ("torch", "torchvision", "timm", "numpy")
class Watch:
    found = {}
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in HEAVY and top not in self.found:
            frames = traceback.extract_stack()[:-1]
            all = [f for f in frames if "importlib" not in f.filename and f.filename != "<string>"]
            own = [f for f in all if f.filename.startswith(sys.argv[2])] or all[:1]
            self.found[top] = f"{own[-1].filename}:{own[-1].lineno}" if own else ""
            raise ImportError(f"{top} is not to be imported here")
sys.meta_path.insert(0, Watch())
import ganzoo
started, failed = time.perf_counter(), ""
try:
    importlib.import_module(sys.argv[1])
except BaseException as error:
    failed = f"{type(error).__name__}: {error}"
seconds = time.perf_counter() - started
print(json.dumps({"heavy": Watch.found, "failed": failed, "seconds": seconds}))
"""
#: Far beyond what an import without torch takes on a busy machine.
PATIENCE = 60


def check_loads(subject: PluginSubject) -> None:
    """The plugin loads, and its hooks return valid values."""
    _ = subject.world.cards  # reading them may find problems too
    if problems := subject.plugin.problems:
        more = f" (and {len(problems) - 1} more: `ganzoo plugins`)" if len(problems) > 1 else ""
        raise wrong(f"{problems[0]}{more}")


def check_imports_no_torch(subject: PluginSubject) -> str:
    """Importing the plugin's module imports neither torch nor numpy; reports how long it takes."""
    name = _module_name(subject)
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)  # noqa: PTH109
    ended = subprocess.run(
        [sys.executable, "-c", PROBE, name, str(_package_of(name))],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if ended.returncode != 0:
        raise wrong(f"importing {name} ends Python: {ended.stderr.strip()[-200:]}")
    report = json.loads(ended.stdout.splitlines()[-1])
    for heavy, line in report["heavy"].items():
        path, _, number = line.rpartition(":")
        raise wrong(
            f"importing {name} imports {heavy}, which every `ganzoo list` would wait for: name "
            f'parts as text ("module:Class") and move this import into the module of the parts',
            f"{short_path(path)}:{number}" if path else "",
        )
    if report["failed"]:
        raise wrong(f"{name} cannot be imported by itself: {report['failed']}")
    return f"imported in {1000 * report['seconds']:.0f} ms, without torch"


def check_requires_the_core(subject: PluginSubject) -> None:
    """The distribution depends on ganzoo-core."""
    if subject.plugin.distribution == CORE:
        return
    try:
        needs = importlib.metadata.requires(subject.plugin.distribution) or []
    except importlib.metadata.PackageNotFoundError:
        raise Skipped("it is not installed as a distribution") from None
    if not any(canonical(_name_in(need)) == "ganzoo-core" for need in needs):
        raise wrong(
            f"{subject.plugin.distribution} does not depend on the core, so installing it alone "
            'installs no ganzoo: add "ganzoo-core>=0.1" to dependencies in pyproject.toml'
        )


def check_package_data(subject: PluginSubject) -> None:
    """The folders of models and protocols lie in the package, so that a wheel carries them."""
    for folder in subject.plugin.protocols:
        for path in sorted(folder.glob("*.json")):
            try:
                read_protocol(path)
            except ConfigError as error:
                raise wrong(f"ganzoo_protocols: {one_line(error)}") from None
    file = getattr(subject.module, "__file__", None)
    if file is None:
        raise Skipped("its module has no file")
    package = _package_of(str(getattr(subject.module, "__name__", "")))
    if subject.plugin.distribution == CORE:
        return  # its own build puts its models there
    for folder in [*subject.plugin.cards, *subject.plugin.protocols]:
        if not folder.resolve().is_relative_to(package):
            raise wrong(
                f"{folder} lies outside the package {package}, so it is found in a checkout and a "
                "wheel would not carry it: move it into the package, and return "
                'Path(__file__).parent / "..." from the hook'
            )


def check_commands(subject: PluginSubject) -> None:
    """Every command of the plugin is a click command."""
    for name, (target, _) in subject.plugin.commands.items():
        module, _, attribute = target.partition(":")
        try:
            named = operator.attrgetter(attribute)(importlib.import_module(module))
        except Exception as error:
            near = did_you_mean(
                attribute, vars(sys.modules[module]) if module in sys.modules else {}, otherwise=""
            )
            raise wrong(
                f"ganzoo_commands: {name!r} is at {target!r}, and importing that fails: "
                f"{one_line(error)}; {near}".rstrip("; ")
            ) from error
        if not isinstance(named, click.Command):
            raise wrong(
                f"ganzoo_commands: {name!r} is at {target!r}, and that is a "
                f"{type(named).__name__}, no click command; decorate it with @click.command()"
            )


def _package_of(name: str) -> Path:
    """The folder of a module's top package; the file of a module without one."""
    spec = _spec_of(name.partition(".")[0])
    if spec is None or spec.origin is None:
        raise Skipped("its module was made at run time and cannot be imported")
    file = Path(spec.origin).resolve()
    return file.parent if spec.submodule_search_locations else file


def _spec_of(name: str) -> ModuleSpec | None:
    """Where a module can be imported from; None for a script, or for one made at run time."""
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None


def _module_name(subject: PluginSubject) -> str:
    """The name under which the plugin's module can be imported."""
    if subject.module is None:
        raise Blocked("check_loads", "it did not load")
    name = subject.module.__name__
    if _spec_of(name) is None:
        raise Skipped("its module was made at run time and cannot be imported")
    return name


def _name_in(requirement: str) -> str:
    """The name of a requirement such as `ganzoo-core>=0.1`."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(requirement).name
    except InvalidRequirement:
        return ""
