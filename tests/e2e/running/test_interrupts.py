"""A run that is asked to stop leaves a closed run, and the next one completes its work."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from hub.runs import run as one_run
from loader.config.project import Project
from tests.support.workbench import Workbench

HUB = Path(sys.executable).parent / "hub"


@pytest.mark.slow
@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGINT, marks=pytest.mark.nightly), signal.SIGTERM]
)
def test_a_run_that_is_asked_to_stop_is_closed_as_interrupted(unbuilt_samples, number):
    with subprocess.Popen(
        [HUB, "run", "--log-level", "info"],
        cwd=unbuilt_samples.root,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        first_line = process.stderr.readline()  # the first file has landed
        process.send_signal(number)
        _, rest = process.communicate(timeout=60)
    assert "landed" in first_line
    assert process.returncode == 1
    assert "the next run completes what this one began" in rest
    assert "Traceback" not in rest
    assert unbuilt_samples.sql("select status from ops.run_log") == [("interrupted",)]

    assert unbuilt_samples.run()["status"] == "succeeded"
    assert unbuilt_samples.sql("select count(*) from marts.events") == [(4,)]


@pytest.mark.nightly
def test_an_interrupt_while_a_run_leaves_the_warehouse_to_dbt_closes_it(
    unbuilt_samples: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = one_run.open_warehouse
    met: list[str] = []

    @contextmanager
    def interrupted_once(project: Project) -> Iterator[duckdb.DuckDBPyConnection]:
        with real(project) as connection:
            yield connection
        if not met:
            met.append("once")
            raise KeyboardInterrupt

    monkeypatch.setattr(one_run, "open_warehouse", interrupted_once)

    with pytest.raises(KeyboardInterrupt):
        unbuilt_samples.run()

    assert unbuilt_samples.sql("select status from ops.runs") == [("interrupted",)]
