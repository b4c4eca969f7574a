"""What goes by its age, and what stays whatever its age."""

import json
from datetime import timedelta

import pytest

from hub.commands import expiring
from hub.queries.health import examine_contents
from hub.runs import expire as work
from loader.errors import WrongUse
from loader.warehouse.connection import read_warehouse
from loader.warehouse.run_log import new_run_id, utc_now
from tests.support.workbench import Workbench

pytestmark = pytest.mark.slow

RETENTION = {"runs": "365 days", "receipts": "90 days"}


def log_idle_run(bench: Workbench, days: int) -> str:
    """A run that found nothing new, so many days ago."""
    moment = utc_now() - timedelta(days=days)
    run_id = new_run_id(moment)
    bench.sql(
        "insert into ops.runs (run_id, command, status, started_at, ended_at, run_clock, skip, "
        "errors, warnings, had_work) values (?, 'run', 'succeeded', ?, ?, ?, '[]', '[]', '[]', "
        "false)",
        run_id,
        moment,
        moment,
        moment,
    )
    bench.sql("insert into ops.run_steps (run_id, step) values (?, 'x')", run_id)
    (bench.root / "receipts" / f"{run_id}.json").write_text("{}")
    return run_id


@pytest.fixture
def aged(own_served: Workbench, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """A project that knows two idle runs, of 400 and of 100 days ago, and keeps one at least."""
    monkeypatch.setattr(work, "_NEWEST_RUNS", 1)
    own_served.set_vars(retention=RETENTION)
    for days in (400, 100):
        log_idle_run(own_served, days)
    return own_served


def receipts(bench: Workbench) -> set[str]:
    return {path.name for path in (bench.root / "receipts").iterdir()}


def runs(bench: Workbench) -> list[str]:
    return [run_id for (run_id,) in bench.sql("select run_id from ops.runs order by run_id")]


def test_old_idle_runs_and_old_receipts_go_and_are_counted(aged, command):
    oldest, older, *newer = runs(aged)
    foreseen = json.loads(command("expire", "--dry-run", "--json").out)
    assert (foreseen["runs"], foreseen["receipts"], foreseen["run_id"]) == (1, 2, None)
    assert runs(aged) == [oldest, older, *newer]
    told = command("expire")
    assert told.out == "removed: 1 runs from the log, 2 receipts\n"
    *left, own = runs(aged)
    assert left == [older, *newer]
    assert aged.sql("select count(*) from ops.run_steps where run_id = ?", oldest) == [(0,)]
    assert receipts(aged) == {"latest.json", *(f"{run_id}.json" for run_id in newer)}
    assert aged.sql("select run_id, kind, amount from ops.expired order by kind") == [
        (own, "receipts", 2),
        (own, "runs", 1),
    ]
    # once more, there is nothing to do, and nothing is logged
    assert command("expire").out == "nothing has expired\n"
    assert runs(aged)[-1] == own
    # whatever it removed, the next run is as idle as ever, and everything adds up
    assert aged.run()["status"] == "succeeded"
    with read_warehouse(aged.project) as connection:
        assert {each.status for each in examine_contents(connection, aged.project)} <= {
            "ok",
            "warn",
        }


def test_a_run_that_another_table_names_stays_whatever_its_age(aged, monkeypatch):
    moment = utc_now() + timedelta(days=1000)
    monkeypatch.setattr(expiring, "utc_now", lambda: moment)
    before = runs(aged)
    named = aged.sql("select distinct run_id from ops.decisions")
    assert expiring.expire(aged.project).runs == 2
    assert named
    assert {run_id for (run_id,) in named} <= {*runs(aged)} <= {*before, runs(aged)[-1]}


def test_the_newest_runs_stay_whatever_their_age(aged, monkeypatch):
    monkeypatch.setattr(work, "_NEWEST_RUNS", 100)
    assert expiring.expire(aged.project, dry=True).runs == 0


def test_stopped_in_the_middle_it_is_completed_by_the_next(aged, monkeypatch):
    def stop(connection):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(work, "transaction", stop)
        with pytest.raises(KeyboardInterrupt):
            expiring.expire(aged.project)
    assert aged.sql("select count(*) from ops.expired") == [(0,)]
    assert expiring.expire(aged.project).runs == 1
    assert len(receipts(aged)) == 2


@pytest.mark.parametrize(
    ("retention", "fault"),
    [
        ({}, "it says of nothing when it expires"),
        ({"runs": 365}, "expected a number of days, found 365"),
        ({"runs": "0 days"}, "expected a number of days"),
        ({"letters": "1 day"}, "unknown key 'letters'. Expected one of receipts, runs"),
        ({"raw": "30 days"}, "raw records do not expire: a rebuild decides from all of them"),
        ({"dead_letters": "30 days"}, "dead letters do not expire"),
    ],
)
def test_a_wrong_retention_says_what_is_known(own_served, retention, fault):
    own_served.set_vars(retention=retention)
    with pytest.raises(WrongUse, match=fault):
        expiring.expire(own_served.project)


def test_a_record_that_did_not_win_its_key_may_decide_which_one_does(bench):
    """So raw records cannot expire, not even those that were overtaken."""
    said = [("alpha", "shipped"), ("alpha", "returned"), ("beta", "lost"), ("alpha", "shipped")]

    def winner() -> str:
        fields = {"alpha": ("uid", "data"), "beta": ("identifier", "payload")}
        for number, (source, status) in enumerate(said):
            key, value = fields[source]
            bench.drop(f"{source}/{number}.json", [{key: "o-1", value: status, "n": number}])
            bench.land()
        bench.run()
        return str(bench.sql("select source from marts.orders")[0][0])

    assert winner() == "alpha"
    # the overtaken record gone, the last one repeats the first, and is older than what beta said
    del said[1]
    for path in bench.root.glob("warehouse.duckdb*"):
        path.unlink()
    bench.empty_landing()
    assert winner() == "beta"
