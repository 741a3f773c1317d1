"""A pass of a turn as a recording on tensors that stay where they are.

A pass is first played eagerly, while its draws and what it asks of its round are noted. Then it is
recorded on a tensor for each draw, and every replay fills those anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.data.devices import pinned
from ganzoo.engine.micro_batches import Share
from ganzoo.engine.randomness import Counters, TurnDraws
from ganzoo.engine.setup import JudgedMinibatch, Log, Setup
from ganzoo.engine.state import TrainingState, set_buffers
from ganzoo.interfaces import Draw, Round

CPU = torch.device("cpu")
#: Fields of a round that a recording would freeze.
PROGRESS = ("images_seen", "step", "turn")

#: A pass, with the setup, the draws and the log that it is to use.
Work = Callable[[Setup, TurnDraws, Log], JudgedMinibatch | None]


class UnrecordableError(Exception):
    """A turn does something that no recording can repeat."""


@dataclass(frozen=True)
class DrawNote:
    """One draw of a turn; `make` is `uniform` or `normal`."""

    purpose: str
    make: str
    shape: tuple[int, ...]
    shared: bool


@dataclass
class Notes:
    """What a pass did while it was played eagerly: draws, due intervals, fields of progress."""

    draws: list[DrawNote] = field(default_factory=list)
    due: dict[int, bool] = field(default_factory=dict)
    reads: set[str] = field(default_factory=set)


class NotingCounters(Counters):
    """The run's counters; each draw of a loss or an augmentation is noted."""

    def __init__(self, counters: Counters, notes: Notes) -> None:
        super().__init__(counters.seed, counters.stream)
        self._notes = notes

    def draws(
        self, turn: int, purpose: str, device: torch.device, batch: int, share: Share
    ) -> tuple[Draw, Draw]:
        """The run's own draws, noted."""

        def noting(make: str, draw: Draw) -> Draw:
            def drawn(*shape: int, shared: bool = False) -> Tensor:
                self._notes.draws.append(DrawNote(purpose, make, shape, shared))
                return draw(*shape, shared=shared)

            return drawn

        uniform, normal = super().draws(turn, purpose, device, batch, share)
        return noting("uniform", uniform), noting("normal", normal)


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
    """Rounds that note which fields of the run's progress a loss reads."""

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
    """Rounds of one kind of turn: due at the intervals at which the noted turn was due."""

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
        """Memory that several recordings share, so that one can read what another left."""
        return torch.cuda.graph_pool_handle()

    def record(self, work: Callable[[], None]) -> None:
        """Record the kernels of some work, without running them."""
        stream = torch.cuda.current_stream()
        with torch.cuda.graph(
            self._graph, pool=self._pool, stream=stream, capture_error_mode="thread_local"
        ):
            work()

    def replay(self) -> None:
        """Run the kernels."""
        self._graph.replay()


@dataclass
class Result:
    """What a recorded pass leaves behind; on a GPU, in the same tensors each time."""

    judged: JudgedMinibatch | None = None
    gradients: list[tuple[nn.Parameter, Tensor]] = field(default_factory=list)
    logged: list[tuple[str, torch.Size]] = field(default_factory=list)
    values: Tensor | None = None  #: all that was logged, one after the other


class RecordedPass:
    """One player's pass, recorded on tensors that stay where they are."""

    def __init__(
        self, recording: Recording, state: TrainingState, player: nn.Module, notes: Notes
    ) -> None:
        self._recording, self._notes = recording, notes
        self._parameters = list(player.parameters())
        device = self._parameters[0].device
        self._draws = [torch.zeros(note.shape, device=device) for note in notes.draws]
        owners = (state.generator, state.discriminator, state.loss, state.augmentations)
        self._buffers = [(owner, dict(owner.named_buffers())) for owner in owners]
        self.result = Result()

    def record(self, setup: Setup, draws: TurnDraws, work: Work) -> None:
        """Record the pass with what it logs, its gradients, and the state that it replaces."""
        counters = FixedCounters(draws.counters, self._notes.draws, self._draws)
        draws = replace(draws, counters=counters)
        setup = replace(setup, round_type=fixed_rounds(self._notes))

        def play_and_keep() -> None:
            logged: list[tuple[str, Tensor]] = []
            judged = work(setup, draws, lambda name, v: logged.append((name, v.detach())))
            self._keep_buffers()
            values = [values.reshape(-1).float() for _, values in logged]
            self.result = Result(
                judged,
                [(p, p.grad) for p in self._parameters if p.grad is not None],
                [(name, values.shape) for name, values in logged],
                torch.cat(values) if values else None,
            )

        self._forget_gradients()  # else the recording would add to them
        try:
            self._recording.record(play_and_keep)
        except BaseException:
            self._put_buffers_back()
            raise
        finally:
            self._forget_gradients()

    def play(self, draws: TurnDraws, batch: int, share: Share, log: Log) -> JudgedMinibatch | None:
        """Fill the draws, replay the recording, and hand out its result."""
        self._keep_buffers()  # a checkpoint or an augmentation may have replaced some
        self._fill_draws(draws, batch, share)
        self._recording.replay()
        for parameter, gradient in self.result.gradients:
            parameter.grad = gradient
        if self.result.values is not None:
            values = self.result.values.clone()  # the next replay writes there again
            shapes = [shape for _, shape in self.result.logged]
            pieces = torch.split(values, [shape.numel() for shape in shapes])
            for (name, shape), piece in zip(self.result.logged, pieces, strict=True):
                log(name, piece.view(shape))
        return self.result.judged

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

    def _put_buffers_back(self) -> None:
        """Undo the replacements of a recording that failed: the new tensors hold nothing."""
        for owner, name, recorded, _ in self._replaced():
            set_buffers(owner, {name: recorded})

    def _fill_draws(self, draws: TurnDraws, batch: int, share: Share) -> None:
        """Draw this turn's values, in the order in which the pass asks for them."""
        by_purpose: dict[str, tuple[Draw, Draw]] = {}
        for note, fixed in zip(self._notes.draws, self._draws, strict=True):
            if note.purpose not in by_purpose:
                by_purpose[note.purpose] = draws.counters.draws(
                    draws.turn, note.purpose, CPU, batch, share
                )
            uniform, normal = by_purpose[note.purpose]
            draw = uniform if note.make == "uniform" else normal
            fill(fixed, draw(*note.shape, shared=note.shared))


def fill(fixed: Tensor, values: Tensor) -> None:
    """Copy values into a tensor that stays where it is; the host does not wait for a GPU."""
    fixed.copy_(pinned(values, fixed.device), non_blocking=True)
