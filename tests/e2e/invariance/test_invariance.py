"""Neither order nor split of the files changes where a hub ends; nor does a rebuild.

So it is while late records are applied, under one rule set and one clock. Where times tie, a source
corrects itself by sending again, so each source's own files keep their order; the sources' files
come interleaved in any way. Entities without an event time go by the order of arrival: theirs is
kept, and only the split changes.
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.landing.file import land_file
from loader.warehouse.connection import open_warehouse
from tests.e2e.invariance.test_oracle import add_sources, start_over, trust
from tests.support.oracle import SOURCES, File, Oracle, State, differences, explained, hub_state
from tests.support.record_strategies import (
    NOW,
    Shape,
    cuts,
    examples,
    reordered,
    shapes,
    split,
    write_files,
)
from tests.support.workbench import Workbench


def build(bench: Workbench, runs: Sequence[Sequence[File]]) -> State:
    """Land the files of each run in the very order given, and build; what then stands."""
    start_over(bench)
    for files in runs:
        _land(bench, files)
        receipt = bench.run(now=NOW.isoformat(), force=True)
        assert receipt["status"] == "succeeded", receipt
    return hub_state(bench.sql).state


def _land(bench: Workbench, files: Sequence[File]) -> None:
    """Land one after the other; files that wait together land by source and name instead."""
    project = bench.project
    with open_warehouse(project) as connection:
        for file in files:
            path = bench.drop(file.path, file.content)
            land_file(connection, project.sources[file.source], path, None)


def rebuild(bench: Workbench) -> None:
    result = bench.dbt(
        "build",
        "--full-refresh",
        *("--exclude-resource-type", "unit_test"),
        *("--vars", json.dumps({"now": NOW.isoformat()})),
    )
    assert result.success, result.exception


def what_stays(state: State) -> dict[str, Any]:
    """The part of a state that must not depend on how the records came."""
    return {
        "targets": state.targets,
        # whether a later record resolved it depends on which came later
        "letters": Counter(
            (source, text, letter.reasons) for (source, text), letter in state.letters.items()
        ),
        "reconciliation": state.reconciliation,
        "watermarks": state.watermarks,
    }


TRUST = {"clicks": ("shop", "web")}


@pytest.fixture
def with_more_sources(own_project: Workbench) -> Workbench:
    """A project in which each entity has several sources."""
    add_sources(own_project)
    trust(own_project, TRUST)
    return own_project


@pytest.mark.nightly
def test_another_order_in_two_runs_leaves_the_same(bench: Workbench) -> None:
    """A small one, for every day."""
    files = write_files(Shape(3, 200, 20, 12, 20, 25))
    as_sent = what_stays(build(bench, [files]))
    assert what_stays(build(bench, split(reordered(files, 7), [50]))) == as_sent


@pytest.mark.nightly
@given(shape=shapes(), at=cuts(), seed=st.integers(0, 2**32 - 1), other_cuts=cuts())
@examples(2)
def test_order_split_and_rebuild_leave_the_same(
    with_more_sources: Workbench, shape: Shape, at: list[int], seed: int, other_cuts: list[int]
) -> None:
    bench = with_more_sources
    files = write_files(shape, tuple(SOURCES))
    in_other_order = what_stays(build(bench, split(reordered(files, seed), other_cuts)))
    as_sent = what_stays(build(bench, split(files, at)))
    for part, expected in as_sent.items():
        assert in_other_order[part] == expected, part

    rebuild(bench)
    rebuilt = hub_state(bench.sql)
    for part, found in what_stays(rebuilt.state).items():
        assert found == as_sent[part], part
    # a rebuild decides all that ever landed as if it had come in one run
    oracle = Oracle(NOW, prefer=TRUST)
    oracle.run(files)
    different = differences(oracle.state(), rebuilt.state)
    if different:
        pytest.fail(explained(different, oracle))
