"""What `dbt build` makes of the events on Spark equals what it makes of them on DuckDB, of the same
files by the same clock. All entities, and the commands: test_commands.py."""

import os
import subprocess
import sys

import pytest

from hub.commands import landing
from tests.spark.cluster import SparkCluster
from tests.spark.lakehouse import differences
from tests.support.workbench import Workbench

pytestmark = pytest.mark.spark

FIRST, SECOND = "2026-11-27T12:00:00", "2026-11-28T12:00:00"
# newer, older than what is held, broken, and the repeat of a record
MORE = [
    {"key": "evt-001", "name": "renamed", "value": 1.5, "ts": "2025-01-16T08:00:00+02:00"},
    {"key": "evt-003", "name": "old", "value": 2, "ts": "2025-01-14T08:00:00"},
    {"key": "evt-009", "name": " ", "value": "1e400", "ts": "2025-13-01"},
    {"key": "evt-006", "name": "logout", "value": 1, "ts": "2025-01-15T11:00:00"},
]
# all that a build of events writes, and which of its rows are theirs
TABLES = {
    "marts.events": "",
    "marts.events_history": "",
    "ops.events_decisions": "",
    "ops.completed_loads": "where entity = 'events'",
    "ops.dead_letter_log": "where entity = 'events'",
    "ops.entity_orders": "where entity = 'events'",
    "ops.rule_sets": "where entity = 'events'",
    "ops.run_counts": "where entity = 'events'",
    "ops.watermark_log": "where source = 'app'",
}


def test_both_builds_of_the_events_and_of_more_are_equal(
    samples: Workbench, cluster: SparkCluster
) -> None:
    _build_on_both(samples, cluster, FIRST)
    assert differences(samples.database, cluster, TABLES) == []
    samples.drop("app/more.json", MORE)
    _build_on_both(samples, cluster, SECOND)
    assert differences(samples.database, cluster, TABLES) == []


def _build_on_both(bench: Workbench, cluster: SparkCluster, now: str) -> None:
    """Land what is new, and build it, on both."""
    landing.land_into_lakehouse(bench.project, (), str(cluster.warehouse))
    # an increment by the plan counts from the run before
    bench.run(now=now, by_dbt=True)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "dbt.cli.main", "build", "--target", "spark"),
            *("--select", "tag:events", "--exclude-resource-type", "unit_test"),
            *("--vars", f"{{now: '{now}'}}"),
            *("--target-path", str(cluster.folder / "target"), "--log-level-file", "none"),
        ],
        cwd=bench.root,
        env={
            **os.environ,
            "SPARK_REMOTE": cluster.address,
            "SPARK_WAREHOUSE": str(cluster.warehouse),
            "PYTHONWARNINGS": "ignore",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-20_000:]
