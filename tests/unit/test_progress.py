"""The line on a terminal that says how far long work is."""

import time
from types import SimpleNamespace

import pytest

from hub.runs import progress as build_progress
from hub.runs.progress import BuildProgress
from loader import progress

START = "\r\x1b[K"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which stands still unless a test moves it."""
    now = [100.0]
    still = SimpleNamespace(monotonic=lambda: now[0])
    for module in (progress, build_progress):
        monkeypatch.setattr(module, "time", still)
    return now


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "is_shown", lambda: True)
    monkeypatch.setenv("COLUMNS", "120")


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err.rpartition(START)[2]


class TestMeter:
    def test_it_tells_records_rate_share_and_rest(
        self, terminal, clock: list[float], capsys: pytest.CaptureFixture[str]
    ) -> None:
        meter = progress.Meter("landing app/a.ndjson", 1_000)
        clock[0] += 4
        meter.advance(20_000, 100)

        assert last_line(capsys) == (
            "landing app/a.ndjson: 20,000 records, 5,000/s, 10%, 36 s left"
        )

    def test_without_a_size_there_is_no_share(
        self, terminal, clock: list[float], capsys: pytest.CaptureFixture[str]
    ) -> None:
        meter = progress.Meter("landing app/a.parquet", 0)
        clock[0] += 4
        meter.advance(8, 100)

        assert last_line(capsys) == "landing app/a.parquet: 8 records, 2/s"

    def test_it_is_not_written_more_often_than_anybody_reads(
        self, terminal, clock: list[float], capsys: pytest.CaptureFixture[str]
    ) -> None:
        meter = progress.Meter("landing", 10)
        for _ in range(10):
            clock[0] += 0.05
            meter.advance(1, 1)

        assert capsys.readouterr().err.count(START) == 2

    def test_where_there_is_no_terminal_nothing_is_written(
        self, clock: list[float], capsys: pytest.CaptureFixture[str]
    ) -> None:
        meter = progress.Meter("landing", 10)
        clock[0] += 4
        meter.advance(1, 1)
        progress.clear()

        assert capsys.readouterr().err == ""


class TestByteMeter:
    def test_it_tells_the_share_and_is_cleared_at_the_end(
        self, terminal, clock: list[float], capsys: pytest.CaptureFixture[str]
    ) -> None:
        meter = progress.ByteMeter("writing", 4_000_000_000)
        clock[0] += 1
        meter.advance(1_000_000_000)

        assert last_line(capsys) == "writing: 25% of 4,000 MB"
        meter.advance(3_000_000_000)
        assert last_line(capsys) == ""


class TestBuild:
    def test_a_step_that_takes_long_says_for_how_long(
        self, terminal, clock: list[float], capsys: pytest.CaptureFixture[str]
    ) -> None:
        build = BuildProgress(1_000_000)
        build.start(1, 9, "model one")
        clock[0] += 60
        build.start(2, 9, "model two")
        assert last_line(capsys) == (
            "building 2/9 model two; 1,000,000 new records, 1 min 0 s so far"
        )

        clock[0] += 2

        assert build._line() == (
            "building 2/9 model two, 2 s; 1,000,000 new records, 1 min 2 s so far"
        )

    def test_the_line_moves_on_while_a_step_runs_and_is_cleared_at_the_end(
        self, terminal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shown: list[str] = []
        monkeypatch.setattr(progress, "show", shown.append)
        build = BuildProgress(0)
        with build.shown():
            while not shown:
                time.sleep(0.05)

        assert shown[0].startswith("building")
        assert shown[-1] == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (7500, "2 h 5 min")],
)
def test_durations_are_told_as_people_say_them(seconds: float, said: str) -> None:
    assert progress.duration(seconds) == said


def test_a_line_is_cut_to_the_width_of_the_terminal(
    terminal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "11")

    progress.show("x" * 40)

    assert capsys.readouterr().err == f"{START}{'x' * 10}"
