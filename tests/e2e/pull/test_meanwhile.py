"""While `hub pull` waits for an API, others work: it has the warehouse for moments only."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hub.commands import health, pulling
from loader.errors import HubError
from loader.pull import checkpoint, pages
from loader.pull.state import PullState
from loader.warehouse import lock
from loader.warehouse.lock import InUse, pull_lock, warehouse_lock
from tests.demo.api import Answer, Request, SampleApi
from tests.support.partner import CURSOR, landed, measurements, states
from tests.support.workbench import Workbench, held

RECORDS = measurements(12)
HUB = "from hub.main import main; main()"

# Holds the warehouse at a path; may give the number of the process that does.
Holding = Callable[[Path], AbstractContextManager[int | None]]


class Gate:
    """Lets an API answer the first requests, and the others when it is opened."""

    def __init__(self, first: int = 2) -> None:
        self.first = first
        self.asked = 0
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, request: Request) -> Answer | None:
        self.asked += 1
        if self.asked > self.first:
            self.reached.set()
            self.opened.wait(100)
        return None


@dataclass
class PullProcess:
    """A `hub pull` that waits at the gate."""

    process: subprocess.Popen[str]
    gate: Gate

    def wait_for_log(self, text: str) -> str:
        assert self.process.stderr
        for line in self.process.stderr:
            if text in line:
                return line
        raise AssertionError(f"the pull ended and never said {text!r}")

    def end(self, number: int | None = None) -> tuple[int, str]:
        """Send it a signal, or else let it go on; returns its exit code and what else it said."""
        if number is None:
            self.gate.opened.set()
        else:
            self.process.send_signal(number)
        _, said = self.process.communicate(timeout=100)
        return self.process.returncode, said


@pytest.fixture
def project(own_project: Workbench, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """A project whose partner is pulled from an API in pages of three records."""
    own_project.set_meta(
        "partner",
        http={
            "url": "${PARTNER_URL}",
            "items": "data.items",
            "pagination": CURSOR,
            "timeout": 100,
        },
    )
    return own_project


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[SampleApi]:
    with SampleApi(RECORDS) as api:
        monkeypatch.setenv("PARTNER_URL", api.url)
        yield api


@pytest.fixture
def under_way(project: Workbench, api: SampleApi) -> Iterator[PullProcess]:
    """A pull with two pages on the disk, waiting for the third."""
    api.answer = gate = Gate()
    with start_pull() as process:
        try:
            assert gate.reached.wait(60)
            yield PullProcess(process, gate)
        finally:
            gate.opened.set()
            process.kill()


def start_pull() -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", HUB, "pull", "--log-level", "info"]
    return subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)


def runs(bench: Workbench) -> list[tuple[str, str]]:
    return bench.sql("select command, status from ops.runs order by run_id")


def finding(bench: Workbench, check: str = "pulls") -> str:
    """What a check of `hub doctor` says."""
    (found,) = [each for each in health.doctor(bench.project) if each.check == check]
    return f"{found.status}: {found.detail}"


def hub_command(*arguments: str) -> Any:
    ended = subprocess.run(
        [sys.executable, "-c", HUB, *arguments, "--json"],
        capture_output=True,
        check=True,
        timeout=100,
    )
    return json.loads(ended.stdout)


class TestOthers:
    @pytest.mark.slow
    def test_query_run_and_examine_while_a_page_is_waited_for(
        self, project: Workbench, under_way: PullProcess
    ) -> None:
        (entry,) = hub_command("report", "--history", "5")
        assert (entry["command"], entry["status"]) == ("pull", "pulling")

        receipt = hub_command("run")

        assert receipt["sources"]["partner"]["applied"] == 6
        assert runs(project) == [("pull", "pulling"), ("run", "succeeded")]
        assert finding(project) == "ok: 1 going on"
        assert under_way.end()[0] == 0
        assert runs(project) == [("pull", "succeeded"), ("run", "succeeded")]
        assert landed(project) == RECORDS
        assert states(project)["pages"] == 4
        project.run()
        assert project.outcomes("partner") == ["applied"] * 12
        assert project.sql("select count(*) from marts.measurements") == [(12,)]

    @pytest.mark.slow
    def test_build_with_plain_dbt(self, project: Workbench, under_way: PullProcess) -> None:
        project.land()

        assert project.dbt("build", "--select", "tag:measurements").success

        assert runs(project) == [("pull", "pulling"), ("land", "succeeded"), ("build", "succeeded")]
        assert project.outcomes("partner") == ["applied"] * 6
        assert under_way.end()[0] == 0

    def test_do_not_pull_at_the_same_time(
        self, project: Workbench, under_way: PullProcess, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lock, "SHORT_WAIT", 0.1)

        with pytest.raises(
            HubError, match=f"process {under_way.process.pid} .* is pulling into it"
        ):
            pulling.pull(project.project, ())

        assert under_way.end()[0] == 0
        assert runs(project) == [("pull", "succeeded")]
        assert landed(project) == RECORDS

    def test_know_a_living_pull_by_whatever_link_leads_to_the_warehouse(
        self, project: Workbench, tmp_path: Path
    ) -> None:
        project.land()
        project.sql("update ops.runs set command = 'pull', status = 'pulling'")
        link = tmp_path / "link.duckdb"
        link.symlink_to(project.database)

        with pull_lock(link):
            project.land()
            assert runs(project) == [("pull", "pulling"), ("land", "succeeded")]
        project.land()

        assert runs(project)[0] == ("pull", "interrupted")

    def test_hear_of_a_failure_that_came_before_it(self, project: Workbench) -> None:
        project.land()
        project.sql("update ops.runs set status = 'failed'")
        project.land()
        project.sql("update ops.runs set status = 'pulling' where status = 'succeeded'")

        with pull_lock(project.database):
            assert finding(project, "last run").startswith("fail: failed: 20")

    def test_wait_while_a_pull_saves_its_state(self, project: Workbench) -> None:
        def save_slowly() -> None:
            with warehouse_lock(project.database):
                started.set()
                time.sleep(0.3)

        started = threading.Event()
        pull = threading.Thread(target=save_slowly)
        pull.start()
        started.wait(10)

        project.land()

        pull.join()
        assert runs(project) == [("land", "succeeded")]


@pytest.mark.slow
class TestAPullThatDies:
    def test_is_closed_by_the_next_command_and_goes_on(
        self, project: Workbench, api: SampleApi, under_way: PullProcess
    ) -> None:
        assert under_way.end(signal.SIGKILL)[0] == -signal.SIGKILL
        assert finding(project).startswith("warn: killed in the middle: 20")

        project.land()

        assert runs(project) == [("pull", "interrupted"), ("land", "succeeded")]
        assert finding(project) == "ok: none is left open"
        assert len(landed(project)) == 6
        under_way.gate.opened.set()
        assert pulling.pull(project.project, ()).exit_code == 0
        assert landed(project) == RECORDS

    def test_is_closed_by_the_next_pull_too(
        self, project: Workbench, under_way: PullProcess
    ) -> None:
        under_way.end(signal.SIGKILL)
        under_way.gate.opened.set()

        assert pulling.pull(project.project, ()).exit_code == 0

        assert runs(project) == [("pull", "interrupted"), ("pull", "succeeded")]
        assert landed(project) == RECORDS

    def test_by_an_error_has_saved_its_state_and_says_why(
        self, project: Workbench, api: SampleApi, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = pages.write_page

        def write_two(folder: Path, name: str, page: pages.PageFile) -> Path:
            if name.endswith("3"):
                raise OSError(28, "No space left on device")
            return real(folder, name, page)

        monkeypatch.setattr("loader.pull.source.write_page", write_two)

        with pytest.raises(OSError, match="No space"):
            pulling.pull(project.project, ())

        assert states(project)["position"] == "p3"
        assert project.sql("select status, errors like '%No space%' from ops.runs") == [
            ("failed", True)
        ]

    def test_asked_to_stop_while_the_warehouse_is_held_ends_all_the_same(
        self, project: Workbench, under_way: PullProcess
    ) -> None:
        with held(project.database):
            began = time.monotonic()
            code, said = under_way.end(signal.SIGTERM)
            assert time.monotonic() - began < 10
        assert (code, "interrupted" in said) == (1, True)
        assert runs(project) == [("pull", "pulling")]
        under_way.gate.opened.set()

        assert pulling.pull(project.project, ()).exit_code == 0

        assert runs(project) == [("pull", "interrupted"), ("pull", "succeeded")]
        assert landed(project) == RECORDS


@pytest.mark.slow
class TestAWarehouseThatIsHeld:
    @pytest.fixture(params=[held, warehouse_lock], ids=["open", "at work"])
    def holding(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Holding:
        """Holds the warehouse, open or at work on it, longer than a pull is patient."""
        monkeypatch.setattr(checkpoint, "_PATIENCE_SECONDS", 0.3)
        way: Holding = request.param
        return way

    def test_at_the_start_is_waited_for(self, project: Workbench, api: SampleApi) -> None:
        project.land()
        with held(project.database) as holder:
            pull = PullProcess(start_pull(), Gate())
            assert f"the process {holder} " in pull.wait_for_log("waiting: ")
        assert pull.end()[0] == 0
        assert landed(project) == RECORDS

    def test_at_the_end_is_waited_for(self, project: Workbench, under_way: PullProcess) -> None:
        with held(project.database) as holder:
            under_way.gate.opened.set()
            assert f"the process {holder} " in under_way.wait_for_log("waiting: ")
        assert under_way.end()[0] == 0
        assert landed(project) == RECORDS

    def test_by_another_command_at_the_end_is_waited_for(
        self, project: Workbench, under_way: PullProcess
    ) -> None:
        with warehouse_lock(project.database):
            under_way.gate.opened.set()
            assert f"the process {os.getpid()} " in under_way.wait_for_log("waiting: ")
        assert under_way.end()[0] == 0
        assert landed(project) == RECORDS

    def test_too_long_at_the_start_is_an_error(
        self, project: Workbench, api: SampleApi, holding: Holding
    ) -> None:
        project.land()

        with holding(project.database) as holder, pytest.raises(InUse) as error:
            pulling.pull(project.project, ())

        assert f"the process {holder or os.getpid()} " in str(error.value)
        assert api.requests == []
        assert runs(project) == [("land", "succeeded")]

    def test_too_long_at_the_end_is_an_error_and_the_next_pull_goes_on(
        self, project: Workbench, api: SampleApi, holding: Holding
    ) -> None:
        holders: list[int] = []
        with ExitStack() as stack:

            def hold_at_the_end(request: Request) -> None:
                if len(api.requests) == 4:
                    holders.append(stack.enter_context(holding(project.database)) or os.getpid())

            api.answer = hold_at_the_end
            with pytest.raises(InUse) as error:
                pulling.pull(project.project, ())
        api.answer = lambda request: None

        assert f"the process {holders[0]} " in str(error.value)
        assert "also after 0.3 s. What was pulled stays" in str(error.value)
        assert len(list((project.root / "landing" / "partner").iterdir())) == 4
        assert pulling.pull(project.project, ()).exit_code == 0
        assert runs(project) == [("pull", "interrupted"), ("pull", "succeeded")]
        assert landed(project) == RECORDS


class TestTheState:
    @pytest.fixture
    def saved(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """The pages of each state that is saved."""
        numbers: list[int] = []
        real = checkpoint.save_state

        def save(
            connection: duckdb.DuckDBPyConnection, source: str, state: PullState, *given: Any
        ) -> None:
            numbers.append(state.pages)
            real(connection, source, state, *given)

        monkeypatch.setattr(checkpoint, "save_state", save)
        return numbers

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("seconds", "pages_saved"), [(0, [1, 2, 3, 4]), (100, [4])], ids=["due", "not due"]
    )
    def test_is_saved_when_that_is_due_and_at_the_end(
        self,
        project: Workbench,
        api: SampleApi,
        monkeypatch: pytest.MonkeyPatch,
        saved: list[int],
        seconds: int,
        pages_saved: list[int],
    ) -> None:
        monkeypatch.setattr(checkpoint, "_SAVE_SECONDS", seconds)

        pulling.pull(project.project, ())

        assert saved == pages_saved

    def test_is_saved_with_its_pages_landed_so_that_nothing_later_comes_before_them(
        self, project: Workbench, api: SampleApi, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(checkpoint, "_SAVE_SECONDS", 0)

        def land_meanwhile(request: Request) -> None:
            if len(api.requests) == 3:
                project.drop("plant/later.csv", "id,value,category\nm-1,1,flow\n")
                project.land("plant")

        api.answer = land_meanwhile

        result = pulling.pull(project.project, ())

        arrived = project.sql("select source, rows from raw.loads order by load_id")
        assert arrived == [
            *[("partner", 3)] * 2,
            ("plant", 1),
            *[("partner", 3)] * 2,
        ]
        assert [(each.status, each.rows) for each in result.landing.files] == [("landed", 3)] * 4
        assert landed(project) == RECORDS

    def test_is_saved_later_where_others_are_at_work(
        self,
        project: Workbench,
        api: SampleApi,
        monkeypatch: pytest.MonkeyPatch,
        saved: list[int],
    ) -> None:
        monkeypatch.setattr(checkpoint, "_SAVE_SECONDS", 0)
        turn = os.open(project.root / ".warehouse.duckdb.lock", os.O_RDWR | os.O_CREAT)

        def work_at_first(request: Request) -> None:
            fcntl.flock(turn, fcntl.LOCK_EX if len(api.requests) < 3 else fcntl.LOCK_UN)

        api.answer = work_at_first

        assert pulling.pull(project.project, ()).exit_code == 0

        os.close(turn)
        assert saved == [3, 4]
        assert landed(project) == RECORDS
