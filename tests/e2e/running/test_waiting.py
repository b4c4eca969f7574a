"""Two who want the warehouse at once: the second waits as long as it is told, or says for whom."""

import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.commands import landing, questions
from loader.config.project import open_project
from loader.errors import HubError
from loader.warehouse.connection import open_warehouse, read_warehouse
from loader.warehouse.lock import InUse, warehouse_lock
from loader.warehouse.snapshots import published_folder
from tests.support.command_line import Command
from tests.support.workbench import Workbench, held

HOLD_THE_LOCK = """
import sys
from pathlib import Path
from loader.warehouse.lock import warehouse_lock
sys.argv = ["/somewhere/bin/hub", "run", "--skip", "adapt"]
with warehouse_lock(Path("warehouse.duckdb").absolute()):
    print("held", flush=True)
    sys.stdin.read()
"""
EVENT = {"key": "k1", "name": "a", "value": 1, "ts": "2025-01-15T08:00:00"}


@pytest.fixture
def landed(unbuilt: Workbench) -> Workbench:
    unbuilt.drop("app/a.ndjson", [EVENT])
    unbuilt.land()
    return unbuilt


def seconds(work: Callable[[], Any]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def test_the_hubs_lock_is_waited_for_and_its_holder_named(
    landed: Workbench, command: Command
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LOCK],
        cwd=landed.root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"

        began = time.monotonic()
        answer = command("land", "--wait", "0.3")
        took = time.monotonic() - began
        # who reads needs no such lock
        assert command("doctor").code == 0

    assert answer.code == 1
    assert f"the process {holder.pid} (hub run) is writing to it" in answer.err
    assert "Several may read it at once, or one may write" in answer.err
    assert "--wait SECONDS" in answer.err
    assert 0.3 <= took < 2


@pytest.mark.slow
@pytest.mark.parametrize("asked", ["land", "report", "run --dry-run", "discard --entity events"])
def test_duckdbs_lock_is_waited_for_and_its_holder_named(
    landed: Workbench, command: Command, asked: str
) -> None:
    more = ("--by", "m", "--why", "x") if asked.startswith("discard") else ()
    with held(landed.database) as pid:
        began = time.monotonic()
        answer = command(*asked.split(), *more, "--wait", "0.3")
        took = time.monotonic() - began

    assert answer.code == 1
    assert re.search(rf"the process {pid} \(python\S* -c\) has it open", answer.err)
    assert "Several may read it at once, or one may write" in answer.err
    assert 0.3 <= took < 2


def test_a_writer_waits_for_a_reader(landed: Workbench) -> None:
    project = open_project(str(landed.database), wait=0)

    with held(landed.database, read_only=True) as pid, pytest.raises(InUse, match=f"{pid} "):
        landing.land_files(project, ())


@pytest.mark.slow
@pytest.mark.parametrize("way", [open_warehouse, read_warehouse])
def test_what_is_free_again_in_time_is_had(landed: Workbench, way: Any) -> None:
    project = open_project(str(landed.database), wait=20)
    with held(landed.database):
        ended = threading.Event()

        def work() -> None:
            with way(project) as connection:
                connection.execute("select 1")
            ended.set()

        waiting = threading.Thread(target=work)
        waiting.start()
        assert not ended.wait(0.5)
    waiting.join(20)
    assert ended.is_set()


def test_by_default_two_seconds_are_waited_where_nothing_is_published(landed: Workbench) -> None:
    shutil.rmtree(published_folder(landed.database))
    with held(landed.database):

        def work() -> None:
            with pytest.raises(InUse):
                questions.report(landed.project)

        assert 2 <= seconds(work) < 4


def test_a_lock_that_was_held_before_names_nobody(tmp_path: Path) -> None:
    database = tmp_path / "hub.duckdb"
    with pytest.raises(HubError, match="told"), warehouse_lock(database):
        raise HubError("a", "b", "told")

    assert (tmp_path / ".hub.duckdb.lock").read_text() == ""
