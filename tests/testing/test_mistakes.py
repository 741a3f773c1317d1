"""Each check of the kit finds the mistake that it is there for, and says which line to change."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

import broken
from broken import SOUND, broken_plugin
from ganzoo.errors import CheckError
from ganzoo.testing import checks_of, run_checks
from ganzoo.testing.checks import CHECKS, SLOW
from ganzoo.testing.collecting import Planned
from ganzoo.testing.subjects import PartSubject


@dataclass(frozen=True)
class Mistake:
    """A part of `broken`, the check that finds it, what it says, and whose line it names."""

    kind: str
    target: str
    check: str
    said: str
    whose: str | None = ""  # the part's own unless said; None where no line is named

    @property
    def id(self) -> str:
        return f"{self.target}-{self.check}"


MISTAKES = [
    Mistake("generator", "Nowhere", "declared", "has no attribute 'Nowhere'", None),
    Mistake("generator", "nowhere:Image", "declared", "No module named 'nowhere'", None),
    Mistake("generator", "Module", "declared", r"write class Module\(ganzoo.Generator\)"),
    Mistake("generator", "make_module", "builds", "makes a Module, which is no subclass"),
    Mistake("generator", "Needy", "builds", 'ganzoo_examples = {"generator/image": {...}}'),
    Mistake("generator", "ListShape", "attributes", r"sample_shape is \[1, 4, 4\].* a tuple"),
    Mistake("generator", "ShapelessImage", "attributes", "sample_shape is not set", ""),
    Mistake("generator", "SqueezedImage", "shapes", r"squeeze\(\) drops a batch of 1"),
    Mistake("generator", "FixedImage", "shapes", "make forward take any number of rows"),
    Mistake("generator", "PairImage", "shapes", "forward returns a tuple"),
    Mistake("discriminator", "ShiftingJudge", "inputs", "forward changes its inputs"),
    Mistake("generator", "DoubleImage", "dtype", "are float64, and everything must be float32"),
    Mistake("generator", "RootImage", "dtype", "samples of an untrained network hold NaN"),
    Mistake("generator", "OtherOutputs", "outputs", "is not what forward returns"),
    Mistake("generator", "NoSamples", "outputs", "publishes images and not 'samples'"),
    Mistake("generator", "UnlabelledOutputs", "outputs", r"outputs\(\) fails and forward does not"),
    Mistake("generator", "SeededImage", "seeding", "sets torch's seed to a constant"),
    Mistake("generator", "NumpyImage", "seeding", "the global generator of numpy"),
    Mistake("generator", "OwnSourceImage", "seeding", "two networks built under one seed differ"),
    Mistake("generator", "ReseedingImage", "determinism", "take the seed out of forward"),
    Mistake("generator", "DriftingImage", "determinism", "changes 'seen'.* `if self.training`"),
    Mistake("generator", "NoisyImage", "determinism", "it draws from another source"),
    Mistake("generator", "CentredImage", "independence", "computed over the batch"),
    Mistake("generator", "SummedImage", "independence", "divided by, or padded to, the size"),
    Mistake("discriminator", "MinibatchJudge", "independence", "computed over the batch"),
    Mistake("generator", "ClasslessImage", "labels", "labels change nothing", "Image"),
    Mistake("discriminator", "ClasslessJudge", "labels", "labels change nothing", "Judge"),
    Mistake("generator", "DeafImage", "conditions", "another condition makes the same", "Image"),
    Mistake("generator", "UnusedImage", "gradients", "no gradient reaches 'extra.weight'"),
    Mistake("generator", "FrozenImage", "gradients", "runs under torch.no_grad"),
    Mistake("generator", "RoundedImage", "gradients", "every gradient is 0"),
    Mistake("generator", "SteepImage", "gradients", "NaN or infinity: a norm, a root or a log"),
    Mistake("generator", "GraphImage", "deepcopy", "copy.deepcopy fails"),
    Mistake("generator", "SharedImage", "deepcopy", "both hold one tensor"),
    Mistake("generator", "LambdaImage", "deepcopy", "write it as a method"),
    Mistake("generator", "StrayImage", "round_trip", "neither a parameter nor a buffer"),
    Mistake("generator", "UnsavedImage", "round_trip", "the buffer 'shift' is not saved"),
    Mistake("generator", "RandomWidthImage", "round_trip", "must depend on its arguments alone"),
    Mistake("generator", "ExtraStateImage", "round_trip", "leave get_extra_state out"),
    Mistake("generator", "GlobalLatents", "latents", "pass generator=rng to every torch.rand"),
    Mistake("generator", "WideLatents", "latents", r"gives \[7, 4\] torch.float64"),
    Mistake("generator", "FixedLatents", "latents", "the same latents under every seed"),
    Mistake("generator", "WanderingStyles", "styles", "differ in eval mode"),
    Mistake("generator", "SigmoidImage", "range", "seem to end in a sigmoid"),
    Mistake("generator", "UnboundedImage", "range", "nothing holds them there"),
    Mistake("discriminator", "MapJudge", "shapes", r"end with \.flatten\(1\)"),
    Mistake("discriminator", "ColumnJudge", "shapes", r"broadcasts to \[N, N\]; end with"),
    Mistake("discriminator", "NormedJudge", "independent", "set independent = False", "Judge"),
    Mistake("discriminator", "PackedJudge", "independent", "independent = pack == 1", "Judge"),
    Mistake("discriminator", "SigmoidJudge", "raw_scores", "it ends in a sigmoid"),
    Mistake("loss", "MisspeltRecipe", "recipe", "did you mean 'discriminator_steps'"),
    Mistake("loss", "UnknownOptimizer", "recipe", "did you mean 'adam'"),
    Mistake("loss", "ScalarGame", "terms", "is a single number: the mean was taken already"),
    Mistake("loss", "ForgetfulGame", "terms", "is a return missing"),
    Mistake("loss", "NumberGame", "terms", "'extra' is a float"),
    Mistake("loss", "NamelessGame", "terms", "is called 0: name it by a string"),
    Mistake("loss", "InfiniteGame", "terms", "look for a log, a root or a division at 0"),
    Mistake("loss", "DetachedGame", "terms", "no term of the generator's turn depends"),
    Mistake("loss", "LateGame", "terms", "is a single number"),
    Mistake("loss", "ReadingGame", "terms", "KeyError: 'styles'.* must be in its `needs`"),
    Mistake("loss", "RandomGame", "randomness", r"draw with round\.uniform\(\*shape\)"),
    Mistake("loss", "NumpyGame", "randomness", "the global generator of numpy"),
    Mistake("loss", "OwnRandomGame", "randomness", "differs between two equal rounds"),
    Mistake("loss", "SteppingGame", "hands_off", "changes the weights of the discriminator"),
    Mistake("loss", "BackwardGame", "hands_off", r"take \.backward\(\) out"),
    Mistake("loss", "EvalGame", "hands_off", "changes the mode of the discriminator"),
    Mistake("loss", "FreezingGame", "hands_off", "changes requires_grad of the generator"),
    Mistake("loss", "UnclaimedGame", "double_backward", "double_backward = True", "PenalisedGame"),
    Mistake("loss", "LazyUnclaimedGame", "double_backward", "double_backward = True"),
    Mistake("loss", "InPlaceGame", "state", "edits the buffer 'mean' in place"),
    Mistake("loss", "GraphGame", "state", "keeps a graph in the buffer 'mean'"),
    Mistake("loss", "CountingGame", "state", r'self\.register_buffer\("count"'),
    Mistake("loss", "LockedGame", "state", "copy.deepcopy of the loss fails"),
    Mistake("loss", "LateInPlaceGame", "state", "edits the buffer 'mean' in place"),
    Mistake("loss", "MismatchedGame", "terms", r"turn fails \(RuntimeError[^:]*: .*\)"),
    Mistake("augmentation", "CroppedBrighter", "changes", r"become \[8, 1, 4, 3\].* return the"),
    Mistake("augmentation", "InfiniteBrighter", "changes", "hold NaN or infinity"),
    Mistake("augmentation", "InPlaceBrighter", "changes", "changes the samples that it is given"),
    Mistake("augmentation", "ColourOnly", "changes", "say how many dimensions a sample has"),
    Mistake("augmentation", "UnseededBrighter", "draws", "from a source of its own"),
    Mistake("augmentation", "OneForAll", "rows", r"draw uniform\(len\(samples\), ...\)"),
    Mistake("augmentation", "CentredBrighter", "rows", "it takes statistics of the batch"),
    Mistake("augmentation", "OnceBrighter", "differentiable", "cannot be differentiated twice"),
    Mistake("augmentation", "SteepBrighter", "differentiable", "the gradient holds NaN"),
    Mistake("augmentation", "RoundedBrighter", "differentiable", "every gradient is 0"),
    Mistake("augmentation", "AddingBrighter", "keeps", "edits the buffer 'size' in place"),
    Mistake("augmentation", "CountingBrighter", "keeps", "a turn changes self.turns, which no"),
    Mistake("augmentation", "DeafBrighter", "keeps", "adaptive is True, and observe is not there"),
    Mistake("augmentation", "UnheardBrighter", "keeps", "write adaptive = True"),
    Mistake("augmentation", "FailingBrighter", "keeps", "observe, adapt or figures fails"),
    Mistake("augmentation", "LockedBrighter", "keeps", "copy.deepcopy of the augmentation fails"),
    Mistake("schedule", "Bursting", "values", "fails .ZeroDivisionError"),
    Mistake("schedule", "Infinite", "values", "is inf instead of a finite number"),
    Mistake("schedule", "Rolling", "pure", "global generator of random"),
    Mistake("schedule", "Clocked", "pure", "it reads a clock"),
    Mistake("dataset", "WordyHalves", "facts", "num_classes is '2'"),
    Mistake("dataset", "ColumnLabels", "batches", r"call \.long\(\), \.flatten\(\)"),
    Mistake("dataset", "ListedLabels", "batches", "labels as a list"),
    Mistake("dataset", "RandomLabels", "addressing", "have other labels the second time"),
    Mistake("dataset", "TornConditions", "dataset_conditions", r"promises float32 \[1, 2\]"),
    Mistake("dataset", "ListHalves", "facts", "instead of a tuple of positive integers"),
    Mistake("dataset", "EmptyHalves", "facts", "it holds 0 samples"),
    Mistake("dataset", "TurnedRange", "facts", r"make it \(lowest, highest\)"),
    Mistake("dataset", "WordlessHalves", "facts", "summary is None: make it one line of text"),
    Mistake("dataset", "KindlessHalves", "facts", "make it a word such as 'image'"),
    Mistake("dataset", "SamplesOnly", "batches", "samples and labels, or samples and None"),
    Mistake("dataset", "DoubleHalves", "batches", r"float32 \[1, 1, 4, 4\] is promised"),
    Mistake("dataset", "ByteHalves", "batches", r"bytes become \[-1, 1\] by / 127.5 - 1"),
    Mistake("dataset", "UnitHalves", "batches", r"seem to lie in \[0, 1\]"),
    Mistake("dataset", "HollowHalves", "batches", "hold NaN or infinity", None),
    Mistake("dataset", "BadLabels", "batches", "classes are 0 to num_classes - 1"),
    Mistake("dataset", "FloatlessLabels", "batches", r"call \.long\(\)"),
    Mistake("dataset", "NoLabels", "batches", "gives no labels"),
    Mistake("dataset", "RandomHalves", "addressing", r"something is drawn in batch\(\)"),
    Mistake("dataset", "NormalisedHalves", "addressing", "address samples by `indices` alone"),
    Mistake("dataset", "UnseededHalves", "addressing", "built a second time"),
    Mistake("augmentation", "GlobalDimming", "draws", "the global generator of torch"),
    Mistake("augmentation", "CutDimming", "differentiable", "no gradient reaches the"),
    Mistake("schedule", "CountingSchedule", "pure", "keeps something from call to"),
    Mistake("schedule", "SilentTotal", "total", "needs_total = True"),
    Mistake("schedule", "NoValue", "values", "is None instead of a finite number"),
    Mistake("extractor", "WideFeatures", "features", "is promised by feature_dim = 16"),
    Mistake("extractor", "OneByOne", "features", "make forward take any number of rows"),
    Mistake("extractor", "DroppedFeatures", "features_of_one", "features of the same samples"),
    Mistake("extractor", "CentredFeatures", "features_of_one", "statistics of the batch"),
    Mistake("dataset", "LostExtractor", "extractor", "no extractor 'feature'; did you mean 'featu"),
    Mistake("dataset", "StrangeExtractor", "extractor", r"cnn-mnist takes \[1, 28, 28\]: name an"),
    Mistake("dataset", "LonelyControl", "extractor", "no extractor to control"),
    Mistake("metric", "UntitledSide", "says", "title is ''; give it a line of text"),
    Mistake("metric", "NeedySide", "says", "needs names 'captions'; it knows labels"),
    Mistake("metric", "SilentSide", "number", r"returned None \(is a return missing\?\)"),
    Mistake("metric", "EachSide", "number", r"a tensor \[32\], and a figure is one finite number"),
    Mistake(
        "metric", "UnnamedSide", "number", "it reads drawn.labels, .*; add 'labels'", "RightSide"
    ),
    Mistake("metric", "EditedSide", "number", "changes drawn.samples in place"),
    Mistake("metric", "DrawnSide", "floor", "something is drawn in measure"),
    Mistake("metric", "TurnedSide", "direction", "noise would be the better model"),
    Mistake("writer", "write_nothing", "files", "it returns None"),
    Mistake("writer", "write_elsewhere", "files", "no file with something in it"),
    Mistake("writer", "write_and_leave", "files", "it leaves notes.tmp"),
    Mistake("writer", "write_clamped", "files", "changes the samples"),
    Mistake("writer", "ShortLines", "shown", r"lines\(\) gives 1 for 7 samples"),
    Mistake("writer", "NamedView", "shown", r"view\(\) gives a str: return one of the views"),
    Mistake("writer", "FloatPictures", "shown", r"pictures\(\) gives torch.float32"),
    Mistake("exporter", "export_nothing", "exports", "wrote nothing where one file or folder made"),
    Mistake("exporter", "export_silently", "exports", "returned a NoneType; return a line of text"),
    Mistake("exporter", "export_time", "exports", "made.txt is different each time"),
    Mistake("exporter", "export_and_round", "exports", "changes the model's weights"),
    Mistake("tracker", "HalfTracker", "tracker", "lacks end, sample"),
]

#: Mistakes that show in a game only: what else plays in it, and the check of the game.
IN_GAMES = [
    ({"loss": "DetachedGame"}, "starts", "is something detached"),
    ({"loss": "NeedingGame"}, "starts", "needs the output 'styles'"),
    ({"generator": "GraphImage"}, "starts", "the game cannot start .*deepcopy"),
    (
        {"loss": "HalfGame"},
        "gradients",
        "no turn of broken/game gives a gradient to 'generator.body",
    ),
    ({"loss": "WastefulGame"}, "gradients", "leaves a gradient in the generator"),
    ({"loss": "InfiniteGame"}, "gradients", "a gradient of NaN or infinity"),
    (
        {"loss": "PenalisedGame", "discriminator": "HonestNormedJudge"},
        "batch_statistics",
        "has batch norm, so the penalty is of something else",
    ),
    (
        {"loss": "PenalisedGame", "discriminator": "OnceJudge"},
        "second_gradient",
        "has no second derivative",
    ),
    (
        {"loss": "PenalisedGame", "discriminator": "CutJudge"},
        "second_gradient",
        "or breaks the graph",
    ),
    (
        {"loss": "PenalisedGame", "discriminator": "SteepJudge"},
        "second_gradient",
        "is NaN or infinite",
    ),
    ({"loss": "TurnedGame"}, "learns", "a sign is reversed"),
    ({"loss": "HiddenCount"}, "resumes", "something that changes the result is in no checkpoint"),
    ({"loss": "BatchGame"}, "two_processes", "a term is no mean over samples"),
]


#: The lines of each class and function of `broken`.
PLACES = {
    node.name: range(node.lineno, node.end_lineno + 1)
    for node in ast.parse(Path(broken.__file__).read_text(encoding="utf-8")).body
    if isinstance(node, ast.ClassDef | ast.FunctionDef)
}


def planned(source, check: str, subject: str) -> Planned:
    """One check of one subject, in the first of its cases."""
    named = [one for one in checks_of(source) if one.name == f"check_{check}"]
    return next(one for one in named if one.subject.id.startswith(subject))


def class_of_line(said: str) -> str:
    """The class or function of `broken` in which the line lies that a message names."""
    path, number = re.search(r"\[(\S+):(\d+)\]$", said).groups()
    assert path.endswith("broken.py")
    (owner,) = [name for name, lines in PLACES.items() if int(number) in lines]
    return owner


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.id)
def test_a_mistake_is_found_and_its_line_named(mistake: Mistake):
    source = broken_plugin(mistake.kind, mistake.target)
    check = planned(source, mistake.check, f"{mistake.kind}/")
    with pytest.raises(CheckError, match=mistake.said) as caught:
        check()
    if mistake.whose is not None:
        assert class_of_line(str(caught.value)) == (mistake.whose or mistake.target)


@pytest.mark.parametrize(
    ("parts", "check", "said"), IN_GAMES, ids=lambda it: it if isinstance(it, str) else None
)
def test_a_mistake_that_shows_in_a_game_is_found_in_it(parts, check, said):
    with pytest.raises(CheckError, match=said):
        planned(broken_plugin(**parts), check, "game/")()


def test_every_check_of_a_part_or_a_game_finds_its_mistake():
    of_parts = {check for kind in (*SOUND, "tracker") for check in CHECKS[kind]}
    found = {f"check_{m.check}" for m in MISTAKES}
    assert {check.__name__ for check in of_parts} == found
    assert {check.__name__ for check in CHECKS["game"]} == {f"check_{c}" for _, c, _ in IN_GAMES}


def test_a_plugin_that_is_right_passes_them_all():
    made = run_checks(broken_plugin(), fast=True)
    assert [one for one in made if not one.holds] == []
    skipped = {one.check for one in made if one.outcome == "skipped"}
    assert skipped == {  # what is asked of a distribution, and this is none
        "check_imports_no_torch",
        "check_requires_the_core",
        "check_package_data",
    }


@pytest.mark.parametrize(
    ("kind", "target"), [("augmentation", "Brighter"), ("schedule", "Falling")]
)
def test_others_that_are_right_pass_too(kind, target):
    """An augmentation that adapts, and a schedule of the whole run."""
    planned = [one for one in checks_of(broken_plugin(kind, target)) if one.subject.kind == kind]
    assert len(planned) >= 5
    for check in planned:
        check()


@pytest.mark.parametrize(
    "check", sorted(SLOW & {*CHECKS["game"]}, key=lambda check: check.__name__)
)
def test_a_game_that_is_right_passes_what_trains(check):
    named = check.__name__.removeprefix("check_")
    assert planned(broken_plugin(), named, "game/")() is not None


@pytest.mark.parametrize(
    ("kind", "target", "blamed"),
    [
        ("generator", "NumpyImage", {"check_seeding"}),
        ("generator", "NoisyImage", {"check_determinism"}),
        ("dataset", "UnseededHalves", {"check_addressing"}),
        ("dataset", "SamplesOnly", {"check_batches"}),
        ("generator", "GraphImage", {"check_deepcopy"}),
        ("generator", "RootImage", {"check_dtype"}),
        ("loss", "FreezingGame", {"check_hands_off"}),
        ("dataset", "ListedLabels", {"check_batches"}),
        ("dataset", "ColumnLabels", {"check_batches"}),
        ("augmentation", "UnseededBrighter", {"check_draws"}),
        ("schedule", "CountingSchedule", {"check_pure"}),
    ],
)
def test_nobody_else_is_blamed(kind, target, blamed):
    made = run_checks(broken_plugin(kind, target), fast=True)
    assert {one.check for one in made if not one.holds} == blamed
    assert {one.subject.partition("/")[0] for one in made if not one.holds} == {kind}


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.id)
def test_each_mistake_is_told_once(mistake: Mistake):
    fast = mistake.kind != "exporter"  # whose check is a slow one
    made = run_checks(broken_plugin(mistake.kind, mistake.target), fast=fast)
    (wrong,) = [one for one in made if not one.holds]
    assert (wrong.subject.partition("/")[0], wrong.check) == (
        mistake.kind,
        f"check_{mistake.check}",
    )
    stopped = [one for one in made if one.outcome == "not run"]
    assert {one.because for one in stopped} <= {wrong.id}


def test_an_abstract_tracker_is_never_built(monkeypatch):
    monkeypatch.setattr(broken.HalfTracker, "__init__", lambda self: pytest.fail("built"))
    found = [
        one
        for one in checks_of(broken_plugin("tracker", "HalfTracker"), fast=True)
        if one.subject.kind == "tracker"
    ]
    assert {one.name for one in found} == {"check_declared", "check_tracker"}
    assert all(isinstance(one.subject, PartSubject) for one in found)
