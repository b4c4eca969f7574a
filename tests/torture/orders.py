"""The files in other orders and other runs: where a hub ends must not depend on either.

The pieces are those of tests/e2e/invariance/test_invariance.py, which tries a few with each run of
the tests.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import pytest

from hub.runs.run import RunSpec, carry_out
from loader.landing.file import land_file
from loader.landing.folder import Landing
from tests.e2e.invariance.test_invariance import TRUST, what_stays
from tests.e2e.invariance.test_oracle import add_sources, trust
from tests.support.oracle import SOURCES, File, Oracle, State, differences, hub_state
from tests.support.record_strategies import NOW, Shape, reordered, split, write_files
from tests.support.workbench import Workbench, copy_project, enter
from tests.torture.contents import Account, compare
from tests.torture.playground import REFRESH, Playground, copy_image, remove_image
from tests.torture.verdicts import Verdict, together

_RECORDS = 500
_WITHOUT_RECORDS = "without-records"


@dataclass(frozen=True)
class Reordered:
    """Files of nine sources, taken up as they are, and then in so many other orders and splits;
    the last of them is built anew as well. What all are compared with is held to the oracle."""

    seed: int
    permutations: int

    @property
    def trial(self) -> str:
        return "files in another order, split into other runs"

    def carry_out(self, ground: Playground) -> Verdict:
        rng = random.Random(self.seed)
        files = write_files(Shape(self.seed, _RECORDS, 25, 8, 20, 25), tuple(SOURCES))
        with _more_sources(ground) as bench:
            expected = _account(_build(bench, [files]))
            verdicts = [_against_oracle(bench, files, self.trial)]
            for _ in range(self.permutations):
                order = reordered(files, rng.randint(0, 2**32))
                runs = split(order, sorted(rng.choices(range(101), k=rng.choice([0, 0, 1]))))
                verdicts.append(self._verdict(expected, _build(bench, runs)))
            _rebuild(bench)
            rebuilt = self._verdict(expected, hub_state(bench.sql).state)
        verdicts.append(replace(rebuilt, moments=("built anew with `--full-refresh`",)))
        return together(self.trial, verdicts)

    def _verdict(self, expected: Account, state: State) -> Verdict:
        found = compare(expected, _account(state))
        return Verdict(
            self.trial,
            lost=found.lost,
            doubled=found.doubled,
            different=found.different,
            notes=found.notes,
        )


def _build(bench: Workbench, runs: Sequence[Sequence[File]]) -> State:
    """Land the files of each run in the very order given, and build; what then stands."""
    remove_image(bench.root)
    copy_image(bench.root / _WITHOUT_RECORDS, bench.root)
    bench.empty_landing()
    project = bench.project
    for files in runs:
        paths = [
            (project.sources[file.source], bench.drop(file.path, file.content)) for file in files
        ]

        def land(connection: duckdb.DuckDBPyConnection, run_id: str, paths: Any = paths) -> Landing:
            return Landing(tuple(land_file(connection, *path, run_id) for path in paths), ())

        receipt = carry_out(project, RunSpec("run", [], NOW, False, land)).receipt
        if receipt["status"] != "succeeded":
            raise RuntimeError(f"a run failed: {receipt}")
    return hub_state(bench.sql).state


def _rebuild(bench: Workbench) -> None:
    # with a folder of its own for what it parses, which the next run then need not parse again
    result = bench.dbt(*REFRESH[1:])
    if not result.success:
        raise RuntimeError(f"a rebuild failed: {result.exception or result.result}")


@contextmanager
def _more_sources(ground: Playground) -> Iterator[Workbench]:
    """A project beside the playground's, in which each entity has several sources."""
    root = ground.folder / "wider"
    is_new = not root.exists()
    if is_new:
        root.mkdir()
        copy_project(root)
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        if is_new:
            add_sources(bench)
            trust(bench, TRUST)
            # what each order begins with
            bench.run()
            copy_image(root, root / _WITHOUT_RECORDS)
        yield bench


def _against_oracle(bench: Workbench, files: Sequence[File], trial: str) -> Verdict:
    found = hub_state(bench.sql)
    oracle = Oracle(NOW, prefer=TRUST)
    oracle.run(files)
    different = differences(oracle.state(), found.state)
    return Verdict(trial, 0, different=len(different), notes=tuple(map(str, different[:5])))


def _account(state: State) -> Account:
    """What must stay the same, thing by thing; a letter is told of by what it says."""
    account: Account = defaultdict(list)
    stays = what_stays(state)
    for letter, times in stays["letters"].items():
        account["letter", *map(str, letter)] += [()] * times
    for aspect in ("targets", "reconciliation"):
        for entity, told in stays[aspect].items():
            for key, what in told.items():
                account[aspect, entity, key].append((what,))
    for source, watermark in stays["watermarks"].items():
        account["watermark", source].append((watermark,))
    return account


def reorderings(seed: int, permutations: int) -> list[Reordered]:
    """So many permutations, 25 to a set of files."""
    return [
        Reordered(seed * 1_000 + number, min(permutations, 25))
        for number in range(max(permutations // 25, 1))
    ]
