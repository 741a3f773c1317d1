"""Turns as CUDA graphs: recorded once, replayed with one launch, equal bit for bit to eager ones.

Small networks leave a GPU waiting for Python to launch their kernels. A share of a turn is a pure
function of samples, latents and draws (`discriminate` and `generate` in turns.py), so it is
recorded on tensors that stay where they are, and each turn only fills those. Optimizers, gradients'
means over ranks and everything else stay as they are.

The generator's turn goes on with the graph of the last fakes, so that the two turns are recorded
as a pair. A loss whose turns differ (lazy penalties ask `round.due`) has a recording for each kind.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.engine.micro_batches import Share
from ganzoo.engine.randomness import Counters
from ganzoo.engine.state import TrainingState, set_buffers
from ganzoo.engine.turns import (
    JudgedMinibatch,
    Log,
    Minibatch,
    Setup,
    discriminate,
    generate,
    nth,
    refrozen,
)
from ganzoo.errors import one_line
from ganzoo.interfaces import Draw, Round

#: Turns of each kind that are played eagerly first: libraries get ready, and draws are noted.
WARM_UP = 3
CPU = torch.device("cpu")
DISCRIMINATOR = "discriminator"
#: What of a run's progress a recording would freeze.
PROGRESS = ("images_seen", "step", "turn")

log = logging.getLogger("ganzoo")
#: What a kind of turn is known by: whose it is, and at which intervals it is due.
Key = tuple[object, ...]


class UnrecordableError(Exception):
    """What a turn does that no recording can repeat."""


@dataclass(frozen=True)
class DrawNote:
    """One draw of a turn: for what, of what kind, and its shape."""

    purpose: str
    make: str  #: `uniform` or `normal`
    shape: tuple[int, ...]
    shared: bool


@dataclass
class Notes:
    """What was seen of a turn while it was played eagerly."""

    draws: list[DrawNote] = field(default_factory=list)
    due: dict[int, bool] = field(default_factory=dict)
    reads: set[str] = field(default_factory=set)


class NotedCounters(Counters):
    """The run's counters, with every draw of a loss or an augmentation noted."""

    def __init__(self, counters: Counters, notes: Notes) -> None:
        super().__init__(counters.seed, counters.stream)
        self._notes = notes

    def draws(
        self, turn: int, purpose: str, device: torch.device, batch: int, share: Share
    ) -> tuple[Draw, Draw]:
        """The run's own draws, noted."""

        def noted(make: str, draw: Draw) -> Draw:
            def drawn(*shape: int, shared: bool = False) -> Tensor:
                self._notes.draws.append(DrawNote(purpose, make, shape, shared))
                return draw(*shape, shared=shared)

            return drawn

        uniform, normal = super().draws(turn, purpose, device, batch, share)
        return noted("uniform", uniform), noted("normal", normal)


class FixedCounters(Counters):
    """Hands out tensors that stay where they are, in the order in which draws were noted."""

    def __init__(self, counters: Counters, notes: list[DrawNote], values: list[Tensor]) -> None:
        super().__init__(counters.seed, counters.stream)
        self._rest = list(zip(notes, values, strict=True))

    def draws(
        self, turn: int, purpose: str, device: torch.device, batch: int, share: Share
    ) -> tuple[Draw, Draw]:
        """The next noted draws."""

        def fixed(make: str) -> Draw:
            def drawn(*shape: int, shared: bool = False) -> Tensor:
                note = DrawNote(purpose, make, shape, shared)
                if not self._rest or self._rest[0][0] != note:
                    raise UnrecordableError("the loss or an augmentation varies what it draws")
                return self._rest.pop(0)[1]

            return drawn

        return fixed("uniform"), fixed("normal")


def noting_rounds(notes: Notes) -> type[Round]:
    """Rounds that note what a loss reads of the run's progress."""

    class NotingRound(Round):
        def __getattribute__(self, name: str) -> Any:
            if name in PROGRESS:
                notes.reads.add(name)
            return super().__getattribute__(name)

        def due(self, every: int) -> bool:
            turn: int = object.__getattribute__(self, "turn")
            notes.due[every] = turn % every == 0
            return notes.due[every]

    return NotingRound


def fixed_rounds(notes: Notes) -> type[Round]:
    """Rounds of one kind of turn: due at the intervals at which it was when it was noted."""

    class FixedRound(Round):
        def due(self, every: int) -> bool:
            if every not in notes.due:
                raise UnrecordableError("the loss asks about other intervals from turn to turn")
            return notes.due[every]

    return FixedRound


class Recording:
    """Kernels recorded on a GPU."""

    def __init__(self, pool: Any) -> None:
        self._graph, self._pool = torch.cuda.CUDAGraph(), pool

    @staticmethod
    def new_pool() -> Any:
        """Memory for recordings of which one reads what the other left."""
        return torch.cuda.graph_pool_handle()

    def record(self, work: Callable[[], None]) -> None:
        """Note the kernels of some work, without running them."""
        stream = torch.cuda.current_stream()
        with torch.cuda.graph(
            self._graph, pool=self._pool, stream=stream, capture_error_mode="thread_local"
        ):
            work()

    def replay(self) -> None:
        """Run them."""
        self._graph.replay()


@dataclass
class Made:
    """What a recorded turn leaves behind: on a GPU, always in the same tensors."""

    played: Minibatch | None = None
    gradients: list[tuple[nn.Parameter, Tensor]] = field(default_factory=list)
    logged: list[tuple[str, torch.Size]] = field(default_factory=list)
    values: Tensor | None = None  #: everything logged, one after the other


class RecordedTurn:
    """A share of one player's turn, recorded on tensors that stay where they are."""

    def __init__(
        self, recording: Recording, state: TrainingState, player: nn.Module, notes: Notes
    ) -> None:
        self._recording, self._notes = recording, notes
        self._parameters = list(player.parameters())
        device = self._parameters[0].device
        self._draws = [torch.zeros(note.shape, device=device) for note in notes.draws]
        owners = (state.generator, state.discriminator, state.loss, state.augmentations)
        self._buffers = [(owner, dict(owner.named_buffers())) for owner in owners]
        self.made = Made()

    def record(self, setup: Setup, work: Callable[[Setup, Log], Minibatch | None]) -> None:
        """Record the work with what it logs, its gradients, and the state that it replaces."""

        def whole() -> None:
            counters = FixedCounters(setup.counters, self._notes.draws, self._draws)
            fixed = replace(setup, counters=counters, round_type=fixed_rounds(self._notes))
            logged: list[tuple[str, Tensor]] = []
            played = work(fixed, lambda name, values: logged.append((name, values.detach())))
            self._keep_buffers()
            values = [values.reshape(-1).float() for _, values in logged]
            self.made = Made(
                played,
                [(p, p.grad) for p in self._parameters if p.grad is not None],
                [(name, values.shape) for name, values in logged],
                torch.cat(values) if values else None,
            )

        self._forget_gradients()  # else it would be recorded that they are added to
        try:
            self._recording.record(whole)
        except BaseException:
            self._put_buffers()
            raise
        finally:
            self._forget_gradients()

    def play(self, state: TrainingState, setup: Setup, share: Share, told: Log) -> Minibatch | None:
        """Fill the draws, run the recording, and hand out what it made."""
        self._bring_buffers()
        self._fill_draws(state, setup, share)
        self._recording.replay()
        for parameter, gradient in self.made.gradients:
            parameter.grad = gradient
        if self.made.values is not None:
            values = self.made.values.clone()  # the next turn writes there again
            sizes = [shape.numel() for _, shape in self.made.logged]
            for (name, shape), piece in zip(
                self.made.logged, torch.split(values, sizes), strict=True
            ):
                told(name, piece.view(shape))
        return self.made.played

    def _forget_gradients(self) -> None:
        for parameter in self._parameters:
            parameter.grad = None

    def _replaced(self) -> Iterator[tuple[nn.Module, str, Tensor, Tensor]]:
        """Buffers replaced by another tensor: owner, name, the recorded one, the other."""
        for owner, buffers in self._buffers:
            for name, now in list(owner.named_buffers()):
                if now is not buffers[name]:
                    yield owner, name, buffers[name], now

    def _keep_buffers(self) -> None:
        """Copy what replaced a buffer into the one that the recording reads next time."""
        for owner, name, recorded, other in self._replaced():
            recorded.copy_(other)
            set_buffers(owner, {name: recorded})

    #: What a checkpoint, or an augmentation between turns, put in a buffer's place.
    _bring_buffers = _keep_buffers

    def _put_buffers(self) -> None:
        """Put buffers back where a recording failed: what replaced them holds nothing."""
        for owner, name, recorded, _ in self._replaced():
            set_buffers(owner, {name: recorded})

    def _fill_draws(self, state: TrainingState, setup: Setup, share: Share) -> None:
        """Draw this turn's values, in the order in which they are asked for."""
        draws: dict[str, tuple[Draw, Draw]] = {}
        for note, there in zip(self._notes.draws, self._draws, strict=True):
            if note.purpose not in draws:
                draws[note.purpose] = setup.counters.draws(
                    state.turn, note.purpose, CPU, setup.recipe.batch, share
                )
            uniform, normal = draws[note.purpose]
            draw = uniform if note.make == "uniform" else normal
            fill(there, draw(*note.shape, shared=note.shared))


def fill(there: Tensor, values: Tensor) -> None:
    """Copy values into a tensor that stays where it is; a GPU is not waited for."""
    if there.is_cuda and not values.is_cuda:
        values = values.pin_memory()
    there.copy_(values, non_blocking=True)


@dataclass
class Kind:
    """Turns that are alike: how many were played, what was noted, and their recordings.

    The discriminator's turn whose fakes keep their graph is of one kind with the generator's that
    follows.
    """

    played: int = 0
    notes: dict[str, Notes] = field(default_factory=dict)
    inputs: Minibatch | None = None
    discriminator: RecordedTurn | None = None
    generator: RecordedTurn | None = None

    def take(self, dealt: Minibatch) -> None:
        """Copy this turn's samples and latents to where the recordings read them."""
        there = self.inputs
        assert there is not None
        fill(there.real, dealt.real)
        fill(there.latents, dealt.latents)
        if there.labels is not None and dealt.labels is not None:
            fill(there.labels, dealt.labels)


class Graphs:
    """Plays turns as recordings, after a few of each kind were played eagerly.

    Where a part does what cannot be recorded, all goes on eagerly, and `off` says why.
    """

    def __init__(self, recorder: type[Recording] = Recording) -> None:
        self.off: str | None = None
        self._recorder = recorder
        self._kinds: dict[Key, Kind] = {}
        self._intervals: dict[str, set[int]] = {}
        self._going_on: Kind | None = None

    def discriminate(
        self, state: TrainingState, setup: Setup, dealt: Minibatch, log: Log, *, keep_graph: bool
    ) -> JudgedMinibatch:
        """A share of the discriminator's turn."""
        kind = self._kind_of_pair(state.turn, keep_graph=keep_graph)
        self._going_on = kind if keep_graph else None
        if kind.discriminator is None and self.off is None and kind.played >= WARM_UP:
            self._record_pair(kind, state, setup, dealt, keep_graph=keep_graph)
        if kind.discriminator is None or self.off is not None:
            kind.played += 1
            with self._noting(kind, DISCRIMINATOR, setup) as noted:
                return discriminate(state, noted, dealt, log, keep_graph=keep_graph)
        kind.take(dealt)
        played = kind.discriminator.play(state, setup, dealt.share, log)
        assert isinstance(played, JudgedMinibatch)
        return played

    def generate(
        self, state: TrainingState, setup: Setup, dealt: Minibatch, log: Log, *, number: int = 0
    ) -> None:
        """A share of the generator's turn."""
        name, going_on = nth(number), self._going_on
        kind = going_on if isinstance(dealt, JudgedMinibatch) else self._kind(name, state.turn)
        self._going_on = None
        if kind is None or self.off is not None:
            generate(state, setup, dealt, log, number=number)
            return
        if not isinstance(dealt, JudgedMinibatch):
            if kind.generator is None and kind.played >= WARM_UP:
                self._record_alone(kind, state, setup, dealt, number)
            kind.played += 1
        if kind.generator is None or self.off is not None:
            with self._noting(kind, name, setup) as noted:
                generate(state, noted, dealt, log, number=number)
            return
        if not isinstance(dealt, JudgedMinibatch):
            kind.take(dealt)
        kind.generator.play(state, setup, dealt.share, log)

    def _kind(self, name: str, turn: int, *more: object) -> Kind:
        """The kind of a turn: all turns of a name that are due at the same intervals."""
        due = [(every, turn % every == 0) for every in sorted(self._intervals.get(name, ()))]
        return self._kinds.setdefault((name, *due, *more), Kind())

    def _kind_of_pair(self, turn: int, *, keep_graph: bool) -> Kind:
        """The kind of a discriminator's turn, and of the generator's that goes on from it."""
        if not keep_graph:
            return self._kind(DISCRIMINATOR, turn)
        after = [
            (every, (turn + 1) % every == 0) for every in sorted(self._intervals.get(nth(0), ()))
        ]
        return self._kind(DISCRIMINATOR, turn, "kept", *after)

    def _record_pair(
        self, kind: Kind, state: TrainingState, setup: Setup, dealt: Minibatch, *, keep_graph: bool
    ) -> None:
        """Record a discriminator's turn, and the generator's that goes on from its fakes."""
        pool = self._recorder.new_pool()
        inputs = kind.inputs = standing(dealt)
        turn = self._recorded(pool, state, state.discriminator, kind.notes[DISCRIMINATOR])
        with self._recordable(kind, state, setup, dealt.share):
            turn.record(
                setup,
                lambda fixed, log: discriminate(state, fixed, inputs, log, keep_graph=keep_graph),
            )
            if keep_graph:
                kind.generator = self._recorded(pool, state, state.generator, kind.notes[nth(0)])
                with refrozen(setup.trainable):
                    kind.generator.record(
                        setup, lambda fixed, log: generate(state, fixed, _made(turn), log)
                    )
            kind.discriminator = turn

    def _record_alone(
        self, kind: Kind, state: TrainingState, setup: Setup, dealt: Minibatch, number: int
    ) -> None:
        """Record a generator's turn that makes fakes of its own."""
        inputs = kind.inputs = standing(dealt)
        notes = kind.notes[nth(number)]
        turn = self._recorded(self._recorder.new_pool(), state, state.generator, notes)
        with self._recordable(kind, state, setup, dealt.share, nth(number)):
            turn.record(
                setup, lambda fixed, log: generate(state, fixed, inputs, log, number=number)
            )
            kind.generator = turn

    def _recorded(
        self, pool: Any, state: TrainingState, player: nn.Module, notes: Notes
    ) -> RecordedTurn:
        return RecordedTurn(self._recorder(pool), state, player, notes)

    @contextmanager
    def _recordable(
        self,
        kind: Kind,
        state: TrainingState,
        setup: Setup,
        share: Share,
        name: str = DISCRIMINATOR,
    ) -> Iterator[None]:
        """Go on eagerly where a turn cannot be recorded; nothing of it has been run by then."""
        try:
            yield
        except (RuntimeError, UnrecordableError) as error:
            kind.discriminator = kind.generator = None
            self._switch_off(one_line(error))
        setup.counters.seed_layers(state.turn, f"{name}-layers", share.index)

    @contextmanager
    def _noting(self, kind: Kind, name: str, setup: Setup) -> Iterator[Setup]:
        """A setup whose draws and rounds are noted; afterwards, whether that can be recorded."""
        if self.off is not None:
            yield setup
            return
        notes = kind.notes[name] = Notes()
        before = torch.get_rng_state()
        counters = NotedCounters(setup.counters, notes)
        yield replace(setup, counters=counters, round_type=noting_rounds(notes))
        known = self._intervals.setdefault(name, set())
        if notes.reads:
            self._switch_off(f"the loss reads round.{min(notes.reads)}, and not round.due(every)")
        elif self._recorder is Recording and not torch.equal(before, torch.get_rng_state()):
            self._switch_off("a network draws on the CPU, and a recording would repeat its draws")
        elif not notes.due.keys() <= known:
            known.update(notes.due)
            self._kinds.clear()
            self._going_on = None

    def forget(self) -> None:
        """Give back what recordings hold; turns are recorded again where they go on."""
        self._kinds.clear()
        self._going_on = None

    def _switch_off(self, reason: str) -> None:
        """Play eagerly from here, and say why."""
        self.off = reason
        self._kinds.clear()
        log.warning("turns are not played as CUDA graphs: %s", reason[:300])


def standing(dealt: Minibatch) -> Minibatch:
    """Tensors of the same shapes that stay where they are."""
    labels = None if dealt.labels is None else dealt.labels.clone()
    return Minibatch(dealt.share, dealt.real.clone(), labels, dealt.latents.clone())


def _made(turn: RecordedTurn) -> Minibatch:
    """What a recorded discriminator's turn left for the generator's."""
    assert turn.made.played is not None
    return turn.made.played


@contextmanager
def own_stream(device: torch.device) -> Iterator[None]:
    """A stream of a training's own on a GPU: recordings need one, and the turns before them too."""
    if device.type != "cuda":
        yield
        return
    with torch.cuda.device(device):
        stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(stream):
            yield
        torch.cuda.current_stream(device).wait_stream(stream)
