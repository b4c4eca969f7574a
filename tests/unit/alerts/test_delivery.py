"""Once on and once off, whatever the receiver, the processes and the kills do."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.alerts import delivery, state
from hub.alerts.delivery import deliver, message
from hub.alerts.state import Alert, State, changing_state, read_state
from hub.alerts.watch import Watch, current_alerts, evaluate
from loader.config.project import Project
from loader.warehouse.connection import open_warehouse
from loader.warehouse.leftovers import remove_leftovers
from loader.warehouse.run_log import end_run, start_run
from tests.support.receiver import Answer, Receiver, receiver, refused_url

ON = ("r", None, "firing")
OFF = ("r", None, "resolved")

_EVALUATE = """
import duckdb, sys
from hub.alerts.watch import Watch
from loader.config.project import open_project
project = open_project(folder=sys.argv[1])
with duckdb.connect(str(project.database), read_only=True) as connection:
    watch = Watch(project)
    watch.look(connection)
    print("looked", flush=True)
    sys.stdin.readline()
    watch.settle()
"""


@pytest.fixture(autouse=True)
def rules(write_rules: Callable[..., None]) -> None:
    write_rules(r={"when": "run_failed", "severity": "critical"})


@pytest.fixture
def run(project: Project) -> Callable[[str], None]:
    """Log a run that failed or succeeded."""

    def logged(outcome: str) -> None:
        with open_warehouse(project) as connection:
            run_id = start_run(connection, "run", [], None)
            errors = ["a"] if outcome == "fails" else []
            end_run(connection, run_id, errors=errors, warnings=[], build_state=None)

    return logged


@pytest.fixture
def settle(project: Project) -> Callable[..., None]:
    """Look at the warehouse as the end of a run does."""

    def settled(patience: float = 20.0) -> None:
        watch = Watch(project, patience=patience)
        with open_warehouse(project) as connection:
            watch.look(connection)
        watch.settle()

    return settled


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiver() as listening:
        monkeypatch.setenv("WEBHOOK_URL", listening.url)
        yield listening


@pytest.mark.slow
def test_each_alert_is_told_once_when_it_begins_and_once_when_it_ends(run, settle, webhook):
    for outcome in ("fails", "fails", "succeeds", "succeeds"):
        run(outcome)
        settle()
        settle()
    assert webhook.told() == [ON, OFF]
    run("fails")
    settle()
    assert webhook.told() == [ON, OFF, ON]
    first, second, third = webhook.messages
    assert first["id"] == second["id"] != third["id"]


def test_the_message_is_what_slack_shows_and_has_its_fields(run, settle, webhook):
    run("fails")
    settle()
    ((path, headers, body),) = webhook.requests
    sent = json.loads(body)
    assert path == "/hook/s3cret"
    assert headers["Content-Type"] == "application/json"
    assert sent["text"].startswith(":red_circle: r (warehouse): `hub run` failed, once since")
    assert sent.keys() == {
        *("text", "status", "warehouse", "id", "rule", "kind", "severity", "source", "entity"),
        *("value", "threshold", "summary", "began_at", "ended_at"),
    }


def test_what_slack_takes_for_a_mark_is_written_out():
    alert = Alert(
        **dict.fromkeys(("id", "rule", "kind", "source", "entity"), ""),
        severity="info",
        value=1,
        threshold=1,
        summary="<!channel> & more",
        began_at=datetime.now(UTC),
    )
    assert "&lt;!channel&gt; &amp; more" in message(alert, "firing", Path("w.duckdb"))["text"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer", [Answer(500), Answer(503), Answer(429), Answer(None), Answer(200, delay=0.6)]
)
def test_a_failure_that_passes_is_tried_again_at_once(
    project, run, settle, webhook, monkeypatch, answer
):
    """With a status, with none, and with one that comes too late."""
    monkeypatch.setattr(delivery, "_SECONDS_FOR_AN_ANSWER", 0.3)
    webhook.answers = [answer, Answer()]
    run("fails")
    monkeypatch.delenv("WEBHOOK_URL")
    settle()
    deliver(project.database, webhook.url)
    assert len(webhook.requests) == 2
    assert not any(alert.is_owed for alert in read_state(project.database).alerts)
    ids = {headers["Idempotency-Key"] for _, headers, _ in webhook.requests}
    assert len(ids) == 1, "who gets it twice can tell"


@pytest.mark.slow
@pytest.mark.parametrize("status", [302, 400, 404])
def test_what_will_not_pass_is_not_tried_again_until_the_next_evaluation(
    project, run, settle, webhook, status
):
    webhook.answers = [Answer(status), Answer()]
    run("fails")
    settle()
    assert len(webhook.requests) == 1
    assert webhook.told() == []
    settle()
    assert webhook.told() == [ON]


@pytest.mark.slow
@pytest.mark.parametrize("gone", ["refused", "500"])
def test_what_was_not_taken_is_kept_and_told_in_its_order(
    project, run, settle, webhook, monkeypatch, caplog, gone
):
    monkeypatch.setattr(delivery, "_ATTEMPTS", 1)
    webhook.answers = [Answer(500)]
    url = refused_url() if gone == "refused" else webhook.url
    monkeypatch.delenv("WEBHOOK_URL")
    for outcome in ("fails", "succeeds"):
        monkeypatch.setenv("WEBHOOK_URL", "http://127.0.0.1:9/s3cret")
        monkeypatch.setattr(delivery, "start_delivery", lambda database, patience: 0)
        run(outcome)
        settle()
        deliver(project.database, url)
    assert webhook.told() == []
    settle()
    assert "the webhook did not take r/" in caplog.text
    assert "s3cret" not in caplog.text
    webhook.answers = [Answer()]
    deliver(project.database, webhook.url)
    assert webhook.told() == [ON, OFF]
    assert read_state(project.database).alerts == ()


def test_without_a_webhook_alerts_are_logged_and_kept_while_they_last(project, run, settle, caplog):
    run("fails")
    settle()
    assert "alert began: r: `hub run` failed" in caplog.text
    assert [alert.rule for alert in current_alerts(project)] == ["r"]
    run("succeeds")
    settle()
    assert "alert ended: r: `hub run` failed" in caplog.text
    assert current_alerts(project) == []
    assert read_state(project.database).alerts == ()


@pytest.mark.slow
def test_an_alert_that_lasts_is_told_as_soon_as_there_is_a_webhook(
    run, settle, webhook, monkeypatch
):
    monkeypatch.delenv("WEBHOOK_URL")
    run("fails")
    settle()
    monkeypatch.setenv("WEBHOOK_URL", webhook.url)
    settle()
    assert webhook.told() == [ON]
    # a process without it must not keep its end from the others
    monkeypatch.delenv("WEBHOOK_URL")
    run("succeeds")
    settle()
    monkeypatch.setenv("WEBHOOK_URL", webhook.url)
    settle()
    assert webhook.told() == [ON, OFF]


def test_a_slow_webhook_holds_nobody_up_and_is_told_once(project, run, settle, webhook, caplog):
    webhook.answers = [Answer(200, delay=4)]
    run("fails")
    began = time.monotonic()
    settle(patience=0.5)
    assert time.monotonic() - began < 2
    assert "the webhook is slow" in caplog.text
    settle(patience=0.0)
    deadline = time.monotonic() + 20
    while any(alert.is_owed for alert in read_state(project.database).alerts):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    settle()
    assert webhook.told() == [ON]


def test_the_watcher_does_not_wait_for_the_webhook(project, run, webhook):
    webhook.answers = [Answer(200, delay=1)]
    run("fails")
    with open_warehouse(project) as connection:
        began = time.monotonic()
        alerts = evaluate(connection, project, datetime.now(UTC))
    assert time.monotonic() - began < 0.9
    assert [alert.rule for alert in alerts] == ["r"]
    webhook.wait_for(1)
    assert webhook.told() == [ON]


def others(project: Project, count: int) -> list["subprocess.Popen[str]"]:
    """Processes that have looked at the warehouse and settle when they get a line."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _EVALUATE, str(project.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    for process in started:
        assert process.stdout
        assert process.stdout.readline() == "looked\n"
    return started


def let_settle(processes: list["subprocess.Popen[str]"]) -> None:
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0


@pytest.mark.slow
def test_processes_that_look_at_once_tell_once(project, run, webhook):
    webhook.answers = [Answer(200, delay=0.2)]
    for outcome, told in (("fails", [ON]), ("succeeds", [ON, OFF])):
        run(outcome)
        let_settle(others(project, 4))
        webhook.wait_for(len(told))
        assert webhook.told() == told


def test_a_process_that_is_killed_while_it_tells_has_told_once(project, run, settle, webhook):
    """What tells is a process of its own: it goes on."""
    webhook.answers = [Answer(200, delay=1.0)]
    run("fails")
    (process,) = others(project, 1)
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()
    deadline = time.monotonic() + 20
    while not webhook.requests:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    webhook.wait_for(1)
    settle()
    assert webhook.told() == [ON]
    assert len(webhook.requests) == 1


@pytest.mark.slow
def test_what_a_killed_delivery_had_not_told_the_next_one_tells(
    project, run, settle, webhook, monkeypatch
):
    webhook.answers = [Answer(None, delay=30)]
    run("fails")
    settle(patience=0.0)
    deadline = time.monotonic() + 20
    while not webhook.requests:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (process,) = delivery._at_work
    process.send_signal(signal.SIGKILL)
    process.wait()
    webhook.answers = [Answer()]
    settle()
    assert webhook.told() == [ON]


@pytest.mark.slow
def test_a_kill_at_any_moment_of_settling_loses_nothing(project, run, settle, webhook):
    run("fails")
    for delay in (0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3):
        (process,) = others(project, 1)
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    settle()
    webhook.wait_for(1)
    run("succeeds")
    settle()
    webhook.wait_for(2)
    assert webhook.told() == [ON, OFF]
    remove_leftovers(project.root)
    assert [path.name for path in project.root.glob(".*.json.*")] == []


def test_an_older_snapshot_neither_ends_nor_begins_what_a_run_changes(project, run, webhook):
    with open_warehouse(project) as connection:
        start_run(connection, "land", [], None)
    older = Watch(project, patience=20)
    with open_warehouse(project) as connection:
        older.look(connection)
    run("fails")
    newer = Watch(project, patience=20)
    with open_warehouse(project) as connection:
        newer.look(connection)
    newer.settle()
    older.settle()
    assert webhook.told() == [ON]
    assert [alert.rule for alert in current_alerts(project)] == ["r"]


def test_time_goes_on_for_an_older_snapshot(project, run, settle, write_rules):
    write_rules(f={"when": "freshness_over", "threshold": 60})
    older = Watch(project, patience=0)
    with open_warehouse(project) as connection:
        start_run(connection, "land", [], None)
        older.look(connection)
        connection.execute(
            "insert into raw.loads (source, status, landed_at) values ('web', 'landed', ?)",
            [datetime.now(UTC)],
        )
    run("succeeds")
    settle()
    older.settle(datetime(2100, 1, 1))
    assert [alert.subject for alert in current_alerts(project)] == ["web"]


@pytest.mark.parametrize("content", [b"", b"{", b'{"alerts": 1}', b"\xff\xfe"])
def test_a_state_that_cannot_be_read_is_begun_anew(project, run, settle, caplog, content):
    run("fails")
    (project.root / "warehouse.duckdb.alerts.json").write_bytes(content)
    settle()
    assert [alert.rule for alert in current_alerts(project)] == ["r"]
    assert "cannot be read" in caplog.text


def test_what_cannot_be_told_for_long_is_forgotten_the_oldest_first(project, monkeypatch):
    monkeypatch.setattr(state, "_MOST_ENDED", 3)

    def alert(number: int, **more: Any) -> Alert:
        return Alert(
            id=str(number), rule="r", kind="run_failed", severity="info", source=None, entity=None,
            value=1, threshold=1, summary="", began_at=datetime.now(UTC), **more,
        )  # fmt: skip

    ended = [alert(number, ended_at=datetime.now(UTC)) for number in range(5)]
    with changing_state(project.database) as change:
        change.set(alerts=(alert(9), *ended))
    assert [kept.id for kept in read_state(project.database).alerts] == ["9", "2", "3", "4"]


def test_a_folder_that_cannot_be_written_fails_nobody(project, run, settle, caplog, monkeypatch):
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state, "write_whole", full)
    run("fails")
    settle()
    assert "alerts were not settled" in caplog.text
    assert read_state(project.database) == State()


def test_a_process_that_cannot_even_begin_to_tell_is_logged(
    run, settle, webhook, monkeypatch, caplog
):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    run("fails")
    settle()
    assert "what tells the webhook of alerts ended with code 1" in caplog.text


def test_the_process_that_tells_ends_by_itself(project, run, webhook, monkeypatch):
    """Whatever the receiver does: this one sends its header a byte at a time."""
    webhook.answers = [Answer(200, delay=60)]
    run("fails")
    script = (
        "import sys; from hub.alerts import delivery as d; d._SECONDS_IN_ALL = 1; "
        f"sys.argv = ['delivery', {str(project.database)!r}]; d.main()"
    )
    with changing_state(project.database) as change:
        change.set(
            alerts=(
                Alert(
                    id="1", rule="r", kind="run_failed", severity="info", source=None,
                    entity=None, value=1, threshold=1, summary="", began_at=datetime.now(UTC),
                ),
            )
        )  # fmt: skip
    ended = subprocess.run([sys.executable, "-c", script], env=os.environ, timeout=20, check=False)
    assert ended.returncode == -signal.SIGALRM
