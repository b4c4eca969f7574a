"""What `hub` lands and builds on Spark equals what it lands and builds on DuckDB, of the same files
by the same clock: every table, and what the commands say."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.spark.cluster import SparkCluster
from tests.spark.lakehouse import compared_tables, differences
from tests.spark.test_equality import FIRST, MORE, SECOND
from tests.support.workbench import Workbench

pytestmark = pytest.mark.spark

THIRD = "2026-11-29T12:00:00"
# of the moment, of the machine, and what only a run by the compiled plan tells, in a receipt
_OWN = {"run_id", "started_at", "ended_at", "duration_ms", "changes"}

Hub = Callable[..., Any]


@pytest.fixture
def samples(unbuilt: Workbench) -> Workbench:
    """The shipped samples on a first day."""
    unbuilt.drop_samples()
    return unbuilt


@pytest.fixture
def hub(samples: Workbench, cluster: SparkCluster) -> Hub:
    """A `hub` command on both targets: says what it printed where both said the same."""

    def command(*words: str) -> Any:
        return _told_by_both(samples, cluster, words)

    return command


def test_both_engines_hold_the_same_after_each_command(
    samples: Workbench, cluster: SparkCluster, hub: Hub
) -> None:
    first = hub("run", "--now", FIRST)
    assert first["files"]["landed"] == 6
    assert _differing(samples, cluster) == []

    samples.drop("app/more.json", MORE)
    second = hub("run", "--now", SECOND)
    assert second["entities"]["events"]["records_in"] == 4
    assert _differing(samples, cluster) == []

    assert hub("run", "--now", SECOND)["files"]["landed"] == 0
    assert hub("discard", "--entity", "events", "--by", "mia", "--why", "test data")
    assert hub("redrive", "--entity", "measurements", "--now", THIRD)["dead_letters"]
    assert _differing(samples, cluster) == []


def _told_by_both(bench: Workbench, cluster: SparkCluster, words: tuple[str, ...]) -> Any:
    # dbt builds on both: there is no compiled plan for Spark
    by_dbt = ["--no-plan"] if words[0] == "run" else []
    told = _told(bench, (*words, *by_dbt), {})
    of_spark = {
        "SPARK_REMOTE": cluster.address,
        "SPARK_WAREHOUSE": str(cluster.warehouse),
        "PYTHONWARNINGS": "ignore",
    }
    assert _told(bench, (*words, "--target", "spark"), of_spark) == told
    return told


def _told(bench: Workbench, words: tuple[str, ...], environment: dict[str, str]) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "hub", *words, "--json"],
        cwd=bench.root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{words}\n{done.stdout[-20_000:]}\n{done.stderr[-20_000:]}"
    return _without_own(json.loads(done.stdout))


def _without_own(told: Any) -> Any:
    """What was told, without what no two runs have in common."""
    if isinstance(told, dict):
        return {key: _without_own(value) for key, value in told.items() if key not in _OWN}
    return [_without_own(each) for each in told] if isinstance(told, list) else told


def _differing(bench: Workbench, cluster: SparkCluster) -> list[str]:
    tables = dict.fromkeys(compared_tables(bench.database), "")
    return differences(bench.database, cluster, tables)
