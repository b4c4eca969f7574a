"""A window of time is pulled once more: exactly once, and the next pull asks for what it would have
asked for anyway."""

import json
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

from hub.commands import pulling
from tests.demo.api import Answer, Request, SampleApi
from tests.support.command_line import Command
from tests.support.partner import CURSOR, FAST, Pull, landed, measurements, states, told
from tests.support.workbench import Workbench

SINCE = {"parameter": "since", "field": "timestamp", "overlap": 120}
WINDOW = {"since": "since", "until": "until"}
MINUTES_2_TO_6 = ("2025-01-01T00:02:00", "2025-01-01 02:06+02:00")
# a pull that saves its state with each page
HUB = "from loader.pull import checkpoint; checkpoint._SAVE_SECONDS = 0; "
HUB += "from hub.main import main; main()"


def windows(bench: Workbench) -> list[tuple[Any, ...]]:
    return bench.sql(
        "select cast(window_since as varchar), cast(window_until as varchar), position, items, "
        "ended_at is not null from ops.pull_windows order by all"
    )


def later(record: str, **changes: Any) -> str:
    return json.dumps({**json.loads(record), **changes})


@pytest.mark.slow
def test_a_window_brings_what_is_new_in_it_and_the_run_says_what_that_changed(
    own_project: Workbench, pull: Pull
) -> None:
    settings = {"since": SINCE, "window": WINDOW}
    with SampleApi(measurements(12)) as api:
        pull(api, **settings)
        own_project.run()
        before = states(own_project)
        # long ago: one was corrected since, and one came late
        api.records[3] = later(api.records[3], value=77)
        api.records.insert(5, later(api.records[4], id="m-late"))
        api.requests.clear()
        (outcome,) = pull(api, of=MINUTES_2_TO_6, **settings).sources
        asked = {(each.query["since"], each.query["until"]) for each in api.requests}

        assert (outcome.since, outcome.until) == ("2025-01-01T00:02:00Z", "2025-01-01T00:06:00Z")
        assert asked == {(outcome.since, outcome.until)}
        assert outcome.items == 5
        assert states(own_project) == before
        assert windows(own_project) == [
            ("2025-01-01 00:02:00", "2025-01-01 00:06:00", None, 5, True)
        ]

        receipt = own_project.run()["entities"]["measurements"]
        assert receipt["outcomes"]["duplicate"] == 3
        assert receipt["changes"] == {
            "new_keys": 1,
            "changed_keys": 1,
            "unchanged_keys": 0,
            "deleted_keys": 0,
            "first_event": None,  # of measurements, no column is the event time
            "last_event": None,
        }

        # once more, whole: what it brings is known
        assert not pull(api, of=MINUTES_2_TO_6, **settings).sources[0].resumed
        api.records += measurements(5, 12)
        (after,) = pull(api, **settings).sources

    assert after.since == "2025-01-01T00:09:00Z"
    assert not after.warnings
    assert {*landed(own_project)} == {*measurements(17), *api.records}
    # the pages of the second window had landed before, and so had one of the last pull
    assert len(landed(own_project)) == 12 + 5 + 5


@pytest.mark.slow
def test_a_window_that_failed_is_continued_by_the_same_command_and_by_no_other(
    own_project: Workbench, pull: Pull
) -> None:
    settings = {"since": SINCE, "window": WINDOW, "retries": {**FAST, "attempts": 1}}
    records = measurements(12)
    with SampleApi(records, faults=lambda number: "503" if number >= 2 else None) as api:
        window = (None, "2025-01-01T00:10")
        failed = pull(api, of=window, **settings)
        assert "page 3" in told(failed)
        assert windows(own_project) == [(None, "2025-01-01 00:10:00", "p3", 6, False)]
        api.faults = lambda number: None
        # of what is new, everything: it does not take the place of the window for its own
        (ordinary,) = pull(api, **settings).sources
        assert (ordinary.resumed, ordinary.since, ordinary.until) == (False, None, None)
        assert states(own_project)["since"] == "2025-01-01T00:11:00"
        api.requests.clear()
        (again,) = pull(api, of=window, **settings).sources

    assert (again.resumed, again.pages, again.until) == (True, 2, "2025-01-01T00:10:00Z")
    assert [each.query["cursor"] for each in api.requests] == ["p3", "p4"]
    # the last page of the window is shorter than it was: its one record came twice
    assert landed(own_project) == [*records, records[9]]


@pytest.mark.slow
def test_a_window_killed_in_the_middle_is_continued_and_nothing_is_lost_or_doubled(
    own_project: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    http = {"url": "${PARTNER_URL}", "items": "data.items", "pagination": CURSOR, "window": WINDOW}
    own_project.set_meta("partner", http={**http, "timeout": 100})
    reached, opened = threading.Event(), threading.Event()

    def hold_the_third(request: Request) -> Answer | None:
        if request.query.get("cursor") == "p3" and not opened.is_set():
            reached.set()
            opened.wait(100)
        return None

    with SampleApi(measurements(12), answer=hold_the_third) as api:
        monkeypatch.setenv("PARTNER_URL", api.url)
        arguments = [sys.executable, "-c", HUB, "pull", "--since", "2025-01-01T00:01"]
        with subprocess.Popen(arguments) as process:
            assert reached.wait(100)
            process.send_signal(signal.SIGKILL)
        opened.set()
        (outcome,) = pulling.pull(own_project.project, (), since="2025-01-01T00:01").sources

    assert outcome.resumed
    assert own_project.sql("select status from ops.runs order by run_id") == [
        ("interrupted",),
        ("succeeded",),
    ]
    assert landed(own_project) == measurements(11, 1)
    assert own_project.sql("select count(*) from ops.pulls") == [(0,)]


def test_an_empty_window_is_none_to_warn_of(own_project: Workbench, pull: Pull) -> None:
    settings = {"since": SINCE, "window": WINDOW, "missing_items": "empty"}
    with SampleApi(measurements(3)) as api:
        (outcome,) = pull(api, of=("2026-01-01", "2026-01-02"), **settings).sources

    assert (outcome.status, outcome.items, outcome.warnings) == ("complete", 0, ())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "yesterday"], "--since yesterday: this is no moment"),
        (["--until", "15.01.2025"], "--until 15.01.2025: this is no moment"),
        (["--since", "2025-01-16", "--until", "2025-01-16"], "ends before it has begun"),
        # in the source's zone, that is an hour before
        (
            ["--since", "2025-01-16T00:00Z", "--until", "2025-01-16T00:30"],
            "for source 'partner' the window ends before it has begun",
        ),
        (["--since", "2025-01-16", "--full"], "--full: it asks for everything"),
        (["web", "--since", "2025-01-16"], "source 'web': its YAML declares no `http`"),
    ],
)
def test_what_is_no_window_is_refused(
    own_project: Workbench, command: Command, arguments: list[str], said: str
) -> None:
    own_project.set_meta("partner", timezone="Europe/Berlin")
    before = own_project.database.read_bytes()

    answer = command("pull", *arguments)

    assert (answer.code, said in answer.err) == (2, True)
    assert own_project.database.read_bytes() == before


def test_a_source_that_cannot_is_refused_by_name_with_what_to_write(
    own_project: Workbench, command: Command
) -> None:
    yaml, declared = "models/staging/partner/partner.yml", "window: {since: since, until: until}"
    own_project.edit(yaml, declared, "")

    answer = command("pull", "--since", "2025-01-16")

    assert answer.code == 2
    assert "source 'partner'" in answer.err
    assert "`window: {since: PARAMETER, until: PARAMETER}`" in answer.err

    own_project.edit(
        yaml, "pagination:", f"{declared.replace('until}', 'since}')}\n{' ' * 14}pagination:"
    )
    answer = command("pull", "--since", "2025-01-16")

    assert answer.code == 2
    assert "window: since and until are the same parameter" in answer.err
