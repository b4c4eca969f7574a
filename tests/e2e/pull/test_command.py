"""The command `hub pull`: what it says and needs, and what is left where it is killed."""

import json
import logging
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.commands import pulling
from hub.main import main
from tests.demo.api import SampleApi
from tests.support.partner import TOKEN, Pull, landed, measurements, states
from tests.support.workbench import Workbench


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


class TestTheCommand:
    @pytest.fixture
    def command(
        self, own_project: Workbench, monkeypatch: pytest.MonkeyPatch, capfd: Any
    ) -> Iterator[Callable[..., Ended]]:
        def call(*arguments: str) -> Ended:
            monkeypatch.setattr(sys, "argv", ["hub", "pull", *arguments])
            capfd.readouterr()
            code: Any = 0
            try:
                main()
            except SystemExit as end:
                code = end.code
            return Ended(code, *capfd.readouterr())

        yield call
        logging.getLogger("loader").handlers.clear()

    @pytest.mark.slow
    def test_pulls_the_shipped_source(
        self, command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PARTNER_TOKEN", TOKEN)
        with SampleApi(measurements(5), token=TOKEN) as api:
            monkeypatch.setenv("PARTNER_URL", api.url)
            text = command("partner")
            data = json.loads(command("--json").out)
            monkeypatch.setenv("PARTNER_TOKEN", "wrong")
            refused = command("--full")

        assert (text.code, text.err) == (0, "")
        assert "partner  complete  2      5" in text.out
        assert "landed: 2 files, 5 rows" in text.out
        assert data["sources"][0]["since"] == "2024-12-31T23:04:00Z"
        assert refused.code == 1
        assert "error: source 'partner'" in refused.out
        assert "Check the secret in PARTNER_TOKEN" in refused.err

    @pytest.mark.parametrize("name", ["app", "nobody"])
    def test_names_the_sources_that_are_pulled(
        self, command: Callable[..., Ended], name: str
    ) -> None:
        ended = command(name)

        assert (ended.code, ended.out) == (2, "")
        assert ended.err.count("\n") == 1
        assert "Pulled are partner." in ended.err

    def test_says_where_no_source_is_pulled(
        self, command: Callable[..., Ended], own_project: Workbench
    ) -> None:
        own_project.set_meta("partner", http=None)

        assert "no source declares `http`" in command().err

    def test_needs_a_landing_folder(
        self, command: Callable[..., Ended], own_project: Workbench
    ) -> None:
        ended = command("--landing", str(own_project.root / "nowhere"))

        assert ended.code == 1
        assert "nowhere: there is no such folder" in ended.err

    def test_does_not_write_through_a_link(
        self, own_project: Workbench, pull: Pull, tmp_path: Path
    ) -> None:
        (own_project.root / "landing" / "partner").symlink_to(tmp_path)
        with SampleApi(measurements(1)) as api:
            result = pull(api)

        assert "symbolic link" in (result.sources[0].error or "")


# Ends itself by SIGKILL at the moment of a number: before and after each thing that it keeps.
KILLED = """
import os, signal, sys
from hub.commands import pulling
from hub.main import main
from loader.pull import checkpoint, pages, source

moments = [int(sys.argv.pop(1))]
checkpoint._SAVE_SECONDS = float(sys.argv.pop(1))

def pass_moment():
    moments[0] -= 1
    if not moments[0]:
        os.kill(os.getpid(), signal.SIGKILL)

def watched(work):
    def call(*given, **named):
        pass_moment()
        result = work(*given, **named)
        pass_moment()
        return result
    return call

for module, name in (
    (checkpoint, "start_run"), (pages, "sync"), (pages.Path, "replace"), (source, "write_page"),
    (checkpoint, "save_state"), (pulling, "land"), (pulling, "end_run"),
):
    setattr(module, name, watched(getattr(module, name)))
main()
"""


class TestAKilledPull:
    @pytest.fixture
    def killed(
        self, own_project: Workbench, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[int, int], int]:
        def call(moment: int, save_seconds: int) -> int:
            numbers = [str(moment), str(save_seconds)]
            arguments = [sys.executable, "-c", KILLED, *numbers, "pull", "partner"]
            return subprocess.run(arguments, capture_output=True, timeout=60).returncode

        monkeypatch.setenv("PARTNER_TOKEN", TOKEN)
        return call

    @pytest.mark.nightly
    @pytest.mark.parametrize(
        ("save_seconds", "moments"),
        [
            (0, random.Random(1).sample(range(1, 14), 13)),
            # at the end of the pages, and then where all pages are known
            (5, [*range(1, 14, 3), *range(49, 54), *range(3, 9)]),
        ],
        ids=["saved at each page", "saved at the end"],
    )
    def test_again_and_again_loses_and_doubles_nothing(
        self,
        own_project: Workbench,
        killed: Callable[[int, int], int],
        monkeypatch: pytest.MonkeyPatch,
        save_seconds: int,
        moments: list[int],
    ) -> None:
        records = measurements(24)
        with SampleApi(records) as api:
            monkeypatch.setenv("PARTNER_URL", api.url)
            codes = [killed(moment, save_seconds) for moment in moments]
            result = pulling.pull(own_project.project, ())

        assert set(codes) <= {-signal.SIGKILL, 0}
        assert codes.count(-signal.SIGKILL) > 6
        assert result.exit_code == 0
        assert sorted(landed(own_project)) == sorted(records)
        statuses = own_project.sql("select distinct status from ops.runs")
        assert set(statuses) == {("interrupted",), ("succeeded",)}
        own_project.run()
        counted = own_project.sql(
            "select outcome, count(*) from ops.record_outcomes where source = 'partner' "
            "group by all"
        )
        assert counted == [("applied", 24)]

    @pytest.mark.slow
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_that_is_asked_to_stop_while_it_waits_is_closed(
        self, own_project: Workbench, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        monkeypatch.setenv("PARTNER_TOKEN", TOKEN)
        with SampleApi(measurements(9), faults={1: "hang"}.get) as api:
            monkeypatch.setenv("PARTNER_URL", api.url)
            arguments = [sys.executable, "-c", "from hub.main import main; main()", "pull"]
            with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
                deadline = time.monotonic() + 60
                while len(api.requests) < 2 and time.monotonic() < deadline:
                    time.sleep(0.01)
                began = time.monotonic()
                process.send_signal(number)
                assert "interrupted" in (process.stderr.read() if process.stderr else "")
            assert time.monotonic() - began < 2
            api.faults = lambda number: None
            assert process.returncode == 1
            # too soon for it to have been saved before
            assert states(own_project)["position"] == "p2"
            assert own_project.sql("select status from ops.runs") == [("interrupted",)]
            assert pulling.pull(own_project.project, ()).sources[0].resumed

        assert landed(own_project) == api.records
