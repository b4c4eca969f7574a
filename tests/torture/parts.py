"""The parts of the harness: what is tried, and how often."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .concurrency import at_once
from .deliveries import Delivery
from .kills import kills
from .pool import Pool, Trial
from .signals import interruptions


@dataclass(frozen=True)
class Scope:
    """How much is tried. quick: a tenth."""

    pool: Pool
    seed: int
    quick: bool
    deliveries: Sequence[Delivery]

    def of(self, count: int) -> int:
        return max(count // 10, 2) if self.quick else count


def _kills(scope: Scope) -> Sequence[Trial]:
    return kills(scope.deliveries, scope.seed, scope.of(80), scope.of(140), scope.of(12))


def _signals(scope: Scope) -> Sequence[Trial]:
    return interruptions(scope.deliveries, scope.seed, scope.of(40))


def _concurrency(scope: Scope) -> Sequence[Trial]:
    return at_once(scope.deliveries, scope.seed, scope.of(12))


PARTS: dict[str, Callable[[Scope], Sequence[Trial]]] = {
    "kills": _kills,
    "concurrency": _concurrency,
    "signals": _signals,
}
