"""Turns as CUDA graphs: recorded once, replayed with one launch, equal bit for bit to eager ones.

Small networks leave a GPU waiting for Python to launch their kernels. A pass is a function of
samples, latents and draws (`passes.py`), so it is recorded on tensors that stay where they are, and
each turn only fills those. Optimizers, averages over ranks and all else run as they always do.

The generator's pass continues the graph of the last fakes, so the two passes are recorded as a
pair. A loss whose turns differ (lazy penalties ask `round.due`) has a recording for each kind.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from ganzoo.engine.passes import (
    DISCRIMINATOR,
    GENERATOR,
    discriminator_pass,
    generator_pass,
    unfrozen,
)
from ganzoo.engine.randomness import TurnDraws
from ganzoo.engine.recordings import (
    Notes,
    NotingCounters,
    RecordedPass,
    Recording,
    UnrecordableError,
    fill,
    noting_rounds,
)
from ganzoo.engine.setup import JudgedMinibatch, Log, Minibatch, Setup
from ganzoo.engine.state import TrainingState
from ganzoo.errors import one_line

#: Turns of each kind that are played eagerly first: libraries warm up, and draws are noted.
WARM_UP = 3

logger = logging.getLogger("ganzoo")
#: What tells a kind of turn: its name, and the intervals at which it is due.
Key = tuple[object, ...]


@dataclass
class Kind:
    """Turns of one kind: how many were played, their notes by name, and their recordings.

    A discriminator's turn whose fakes keep their graph shares a kind with the generator's turn that
    follows.
    """

    played: int = 0
    notes: dict[str, Notes] = field(default_factory=dict)
    inputs: Minibatch | None = None
    discriminator: RecordedPass | None = None
    generator: RecordedPass | None = None

    def fill_inputs(self, batch: Minibatch) -> None:
        """Copy this turn's samples and latents to where the recordings read them."""
        inputs = self.inputs
        assert inputs is not None
        fill(inputs.real, batch.real)
        fill(inputs.latents, batch.latents)
        if inputs.labels is not None and batch.labels is not None:
            fill(inputs.labels, batch.labels)


class Graphs:
    """Plays passes as recordings, after a few of each kind were played eagerly.

    Where a part does something that cannot be recorded, all passes are played eagerly from there,
    and `off` holds the reason.
    """

    def __init__(self, recording: type[Recording] = Recording) -> None:
        self.off: str | None = None
        self._recording = recording
        self._kinds: dict[Key, Kind] = {}
        self._intervals: dict[str, set[int]] = {}
        self._open_pair: Kind | None = None  #: whose generator's turn comes next

    def discriminator_pass(
        self,
        state: TrainingState,
        setup: Setup,
        batch: Minibatch,
        draws: TurnDraws,
        log: Log,
        *,
        keep_graph: bool = False,
    ) -> JudgedMinibatch:
        """Play a share of the discriminator's turn."""
        kind = self._kind_of_discriminator(draws.turn, keep_graph=keep_graph)
        self._open_pair = kind if keep_graph else None
        if kind.discriminator is None and self.off is None and kind.played >= WARM_UP:
            self._record_pair(kind, state, setup, batch, draws, keep_graph=keep_graph)
        if kind.discriminator is None or self.off is not None:
            kind.played += 1
            with self._noting(kind, setup, draws) as (setup, draws):
                return discriminator_pass(state, setup, batch, draws, log, keep_graph=keep_graph)
        kind.fill_inputs(batch)
        judged = kind.discriminator.play(draws, setup.recipe.batch, batch.share, log)
        assert judged is not None
        return judged

    def generator_pass(
        self, state: TrainingState, setup: Setup, batch: Minibatch, draws: TurnDraws, log: Log
    ) -> None:
        """Play a share of a generator's turn."""
        follows = isinstance(batch, JudgedMinibatch)
        kind = self._open_pair if follows else self._kind(draws.name, draws.turn)
        self._open_pair = None
        if kind is None or self.off is not None:
            generator_pass(state, setup, batch, draws, log)
            return
        if not follows:
            if kind.generator is None and kind.played >= WARM_UP:
                self._record_generator(kind, state, setup, batch, draws)
            kind.played += 1
        if kind.generator is None or self.off is not None:
            with self._noting(kind, setup, draws) as (setup, draws):
                generator_pass(state, setup, batch, draws, log)
            return
        if not follows:
            kind.fill_inputs(batch)
        kind.generator.play(draws, setup.recipe.batch, batch.share, log)

    def forget(self) -> None:
        """Free the memory of the recordings; turns that follow are recorded again."""
        self._kinds.clear()
        self._open_pair = None

    # --- Kinds of turns -----------------------------------------------------------------------

    def _kind(self, name: str, turn: int, *more: object) -> Kind:
        """The kind of a turn: all turns of a name that are due at the same intervals."""
        return self._kinds.setdefault((name, *self._due(name, turn), *more), Kind())

    def _kind_of_discriminator(self, turn: int, *, keep_graph: bool) -> Kind:
        """The kind of a discriminator's turn and, with `keep_graph`, of the generator's next."""
        after = ("kept", *self._due(GENERATOR, turn + 1)) if keep_graph else ()
        return self._kind(DISCRIMINATOR, turn, *after)

    def _due(self, name: str, turn: int) -> list[tuple[int, bool]]:
        """The intervals that turns of a name ask about, each with whether this turn is due."""
        return [(every, turn % every == 0) for every in sorted(self._intervals.get(name, ()))]

    @contextmanager
    def _noting(
        self, kind: Kind, setup: Setup, draws: TurnDraws
    ) -> Iterator[tuple[Setup, TurnDraws]]:
        """Note the draws and rounds of an eager pass; afterwards, whether it can be recorded."""
        if self.off is not None:
            yield setup, draws
            return
        notes = kind.notes[draws.name] = Notes()
        before = torch.get_rng_state()
        noting = replace(draws, counters=NotingCounters(draws.counters, notes))
        yield replace(setup, round_type=noting_rounds(notes)), noting
        known = self._intervals.setdefault(draws.name, set())
        if notes.reads:
            self._switch_off(f"the loss reads round.{min(notes.reads)}, and not round.due(every)")
        elif self._recording is Recording and not torch.equal(before, torch.get_rng_state()):
            self._switch_off("a network draws on the CPU, and a recording would repeat its draws")
        elif not notes.due.keys() <= known:
            known.update(notes.due)
            self.forget()

    # --- Recording ----------------------------------------------------------------------------

    def _record_pair(
        self,
        kind: Kind,
        state: TrainingState,
        setup: Setup,
        batch: Minibatch,
        draws: TurnDraws,
        *,
        keep_graph: bool,
    ) -> None:
        """Record a discriminator's pass and, with `keep_graph`, the generator's that follows."""
        pool = self._recording.new_pool()
        inputs = kind.inputs = copied(batch)
        first = RecordedPass(
            self._recording(pool), state, state.discriminator, kind.notes[DISCRIMINATOR]
        )

        def judge(setup: Setup, draws: TurnDraws, log: Log) -> JudgedMinibatch:
            return discriminator_pass(state, setup, inputs, draws, log, keep_graph=keep_graph)

        with self._recordable(kind, batch, draws):
            first.record(setup, draws, judge)
            if keep_graph:
                judged = first.result.judged
                assert judged is not None
                with unfrozen(setup.trainable, free=False):
                    generator_draws = replace(draws, name=GENERATOR)
                    self._record_generator_on(pool, kind, state, setup, judged, generator_draws)
            kind.discriminator = first

    def _record_generator(
        self, kind: Kind, state: TrainingState, setup: Setup, batch: Minibatch, draws: TurnDraws
    ) -> None:
        """Record a generator's pass that makes its own fakes."""
        inputs = kind.inputs = copied(batch)
        with self._recordable(kind, batch, draws):
            pool = self._recording.new_pool()
            self._record_generator_on(pool, kind, state, setup, inputs, draws)

    def _record_generator_on(
        self,
        pool: Any,
        kind: Kind,
        state: TrainingState,
        setup: Setup,
        inputs: Minibatch,
        draws: TurnDraws,
    ) -> None:
        recorded = RecordedPass(
            self._recording(pool), state, state.generator, kind.notes[draws.name]
        )
        recorded.record(
            setup, draws, lambda setup, draws, log: generator_pass(state, setup, inputs, draws, log)
        )
        kind.generator = recorded

    @contextmanager
    def _recordable(self, kind: Kind, batch: Minibatch, draws: TurnDraws) -> Iterator[None]:
        """Continue eagerly where a pass cannot be recorded; none of its kernels has run by then."""
        try:
            yield
        except (RuntimeError, UnrecordableError) as error:
            kind.discriminator = kind.generator = None
            self._switch_off(one_line(error))
        draws.seed_layers(batch.share)

    def _switch_off(self, reason: str) -> None:
        """Play eagerly from here, and log the reason."""
        self.off = reason
        self._kinds.clear()
        logger.warning("turns are not played as CUDA graphs: %s", reason[:300])


def copied(batch: Minibatch) -> Minibatch:
    """A copy of a minibatch, in tensors that stay where they are."""
    labels = None if batch.labels is None else batch.labels.clone()
    return Minibatch(batch.share, batch.real.clone(), labels, batch.latents.clone())


@contextmanager
def own_stream(device: torch.device) -> Iterator[None]:
    """Run a training on its own GPU stream, which recordings need from the first turn on."""
    if device.type != "cuda":
        yield
        return
    with torch.cuda.device(device):
        stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(stream):
            yield
        torch.cuda.current_stream(device).wait_stream(stream)
