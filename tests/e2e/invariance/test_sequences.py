"""Any sequence of steps ends where the oracle says: in every table, after every step.

The steps are what people do with a hub over the months: files land and are taken up, letters are
redriven or discarded, keys are reprocessed, a rule of a contract, an adapter or a time zone is
changed, a source is taken out and put back, a stage is skipped, everything is built anew.

A sequence is given by its seed. A test that fails prints the seed and the steps; to repeat it:

    HUB_SEEDS=17 .venv/bin/pytest -n 0 tests/e2e/invariance/test_sequences.py

Two hundred of them, on two cores, with other seeds than those of every day:

    HUB_SEQUENCES=200 .venv/bin/pytest -n 2 tests/e2e/invariance/test_sequences.py
"""

import os
import random

import pytest

from tests.e2e.invariance.sequence import Pristine, Sequence
from tests.e2e.invariance.test_oracle import add_sources
from tests.support.workbench import Workbench, copy_project, enter

_USUAL = 20
_USUAL_STEPS = 4  # where nobody asks for sequences: a proposal has no time for all steps
_STEPS = (4, 7)
_TESTS = 4


def _steps(seed: int) -> int:
    """How many steps a sequence has that build something."""
    steps = random.Random(seed).randint(*_STEPS)
    asked = {"HUB_SEEDS", "HUB_SEQUENCES"} & os.environ.keys()
    return steps if asked else min(steps, _USUAL_STEPS)


def _seeds() -> list[int]:
    if "HUB_SEEDS" in os.environ:
        return [int(seed) for seed in os.environ["HUB_SEEDS"].split(",")]
    return list(range(int(os.environ.get("HUB_SEQUENCES", _USUAL))))


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Pristine:
    """A project in which each entity has two sources at least."""
    root = tmp_path_factory.mktemp("sequences") / "hub"
    root.mkdir()
    copy_project(root)
    add_sources(Workbench(root))
    return Pristine.of(root)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(_TESTS))
def test_every_step_of_any_sequence_ends_as_the_oracle_says(
    pristine: Pristine, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    bench = enter(pristine.root, monkeypatch)
    for seed in _seeds()[part::_TESTS]:
        print(f"HUB_SEEDS={seed}")
        Sequence(bench, pristine, seed).play(steps=_steps(seed))
