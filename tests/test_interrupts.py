"""A run that is asked to stop leaves a closed run, and the next one completes its work."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

HUB = Path(sys.executable).parent / "hub"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_asked_to_stop_is_closed_as_interrupted(samples, number):
    with subprocess.Popen(
        [HUB, "run", "--log-level", "info"],
        cwd=samples.root,
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
    assert samples.sql("select status from ops.run_log") == [("interrupted",)]

    assert samples.run()["status"] == "succeeded"
    assert samples.sql("select count(*) from marts.events") == [(4,)]
