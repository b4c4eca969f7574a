"""A landing on Delta Lake that is killed, short of room, or one of two at once."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.delta.conftest import Land
from tests.delta.lake import Lake
from tests.support.workbench import PROJECT, Workbench

HUB = Path(sys.executable).with_name("hub")


@pytest.mark.nightly
@pytest.mark.parametrize("trials", [["--kills", "20"], ["--steps", "24"], ["--pairs", "6"]])
def test_no_record_is_lost_or_doubled(trials: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.delta.trials", *trials],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=1500,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_full_disk_is_told_of_and_the_next_landing_completes_it(
    bench: Workbench, lake: Lake, land: Land
) -> None:
    bench.drop("app/a.ndjson", '{"key": "k1"}\n')
    land()
    # digests of what is to be stored make text that takes its room
    lines = "".join(f'{{"key": "{pow(3, row, 2**521 - 1):x}"}}\n' for row in range(60_000))
    bench.drop("app/b.ndjson", lines)

    done = subprocess.run(
        [HUB, "land", "--to", lake.root],
        cwd=bench.root,
        capture_output=True,
        text=True,
        timeout=120,
        # no file may have more
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, 3 << 20)),
    )

    assert done.returncode == 1
    assert "hub: the disk: " in done.stderr
    assert "Make room, then run the same command again." in done.stderr
    assert "key" not in done.stderr
    assert {outcome.file: outcome.status for outcome in land().files} == {
        "app/a.ndjson": "known",
        "app/b.ndjson": "landed",
    }
    assert lake.sql("select count(*) from raw.app", "raw.app") == [(60_001,)]
    assert lake.sql("select sum(rows)::bigint from raw.loads", "raw.loads") == [(60_001,)]
