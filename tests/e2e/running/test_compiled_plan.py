"""A run like the last one executes the plan that dbt compiled, and ends as dbt's own build does."""

import errno
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.commands import dead_letters, health, rules
from hub.queries.dead_letters import DeadLetterChoice
from hub.queries.reprocess import ReprocessChoice
from hub.runs import run as runs
from hub.runs.compiled_plan import plan_file
from hub.runs.execute import Counting, StepFailed
from tests.support.command_line import Command
from tests.support.tables import contents, differences
from tests.support.workbench import Workbench, fresh_samples

pytestmark = pytest.mark.slow

NOW = "2025-01-15T12:10:00"


def event(key: str, value: object = 1, ts: str = "2025-01-15T08:00:00") -> dict[str, object]:
    return {"key": key, "name": "a", "value": value, "ts": ts}


def order(key: str, status: str) -> dict[str, object]:
    return {"uid": key, "data": {"status": status}}


@pytest.fixture(scope="module")
def image_of_planned(
    shared_root: Path, image_of_samples: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    image = tmp_path_factory.mktemp("images") / "planned"
    with fresh_samples(shared_root) as bench:
        bench.restore(image_of_samples)
        bench.drop("app/planned.ndjson", [event("planned")])
        bench.drop("alpha/planned.json", [order("planned", "shipped")])
        bench.run(now=NOW, by_dbt=True)
        bench.save(image)
    return image


@pytest.fixture
def planned(samples: Workbench, image_of_planned: Path) -> Workbench:
    """A workbench on which dbt has built the increment before, so that the next finds its plan."""
    samples.restore(image_of_planned)
    return samples


@pytest.fixture
def dbts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The builds that dbt makes."""
    made: list[Any] = []
    build = runs.build

    def counted(*arguments: Any) -> Any:
        made.append(arguments)
        return build(*arguments)

    monkeypatch.setattr(runs, "build", counted)
    return made


def stand(bench: Workbench) -> dict[str, list[tuple[Any, ...]]]:
    """All that stands in the warehouse, with the log of runs, whoever counted it."""
    log = bench.sql("select command, status, skip, errors, warnings, had_work from ops.runs")
    standing = {**contents(bench.database), "ops.runs": log}
    standing["ops.run_counts"] = [
        row for row in standing["ops.run_counts"] if "runs since all was counted" not in row
    ]
    return standing


def lasting(receipt: Any) -> Any:
    """A receipt without what is of the one run: its name, and how long it took."""
    if not isinstance(receipt, dict):
        return receipt
    return {
        name: lasting(value)
        for name, value in receipt.items()
        if name not in ("run_id", "started_at", "ended_at", "duration_ms", "slowest")
    }


# what somebody does, one step after the other
WORK: list[list[tuple[str, Any]]] = [
    [("app/1.ndjson", [event("k1"), event("k1", 2, "2025-01-15T09:00:00"), event("", 3)])],
    [("app/2.ndjson", [event("k1", 4, "2025-01-15T07:00:00"), event("k2", "x")])],
    [
        ("app/3.ndjson", [event("k2", 5), event("k1", 2, "2025-01-15T09:00:00")]),
        ("alpha/3.json", [order("order_001", "returned"), order("planned", "lost")]),
        ("beta/3.json", [{"identifier": "planned", "payload": {"status": "lost"}}]),
    ],
    [("web/4.ndjson", [{"event_id": "c", "event_type": "search", "user_id": "u"}])],
    [("plant/5.csv", "id,value,category,timestamp,op\nm1,1,a,,\nm1,,,,D\n")],
]


class TestTheSameAsDbt:
    def test_in_every_table_whatever_comes(
        self, planned: Workbench, dbts: list[Any], tmp_path: Any
    ) -> None:
        planned.save(tmp_path / "image")
        ends = []
        for by_dbt in (True, False):
            planned.restore(tmp_path / "image")
            for files in WORK:
                for name, content in files:
                    planned.drop(name, content)
                assert planned.run(now=NOW, by_dbt=by_dbt)["errors"] == []
            dead_letters.redrive(planned.project, DeadLetterChoice(entity="events"))
            ends.append((stand(planned), len(dbts)))
            dbts.clear()

        assert differences(ends[0][0], ends[1][0]) == {}
        # the redrive has no say: with the plan of the runs before, it needs no dbt
        assert [builds for _, builds in ends] == [len(WORK), 0]

    def test_in_its_receipt(self, planned: Workbench, dbts: list[Any], tmp_path: Any) -> None:
        planned.save(tmp_path / "image")
        receipts = []
        for by_dbt in (True, False):
            planned.restore(tmp_path / "image")
            planned.drop("app/1.ndjson", [event("k1"), event("")])
            receipt = planned.run(now=NOW, by_dbt=by_dbt)
            receipts.append(lasting(receipt))

        assert receipts[0] == receipts[1]
        assert len(dbts) == 1
        assert planned.sql("select count(*) from ops.run_steps where run_id = ?", receipt["run_id"])

    @pytest.mark.parametrize(
        ("damage", "told"),
        [
            ("delete from marts.events where key = 'evt-001'", "holds_the_greatest_of_each_key"),
            ("delete from raw.app where row_number = 1", "accounts_for_every_record"),
        ],
    )
    def test_in_what_fails(
        self,
        planned: Workbench,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Any,
        damage: str,
        told: str,
    ) -> None:
        monkeypatch.setattr(runs, "counting_of", lambda *_: Counting.IN_FULL)
        planned.sql(damage)
        planned.save(tmp_path / "image")
        failures = []
        for by_dbt in (True, False):
            planned.restore(tmp_path / "image")
            planned.drop("app/1.ndjson", [event("k1")])
            receipt = planned.run(now=NOW, by_dbt=by_dbt)
            failures.append((receipt["status"], receipt["errors"], stand(planned)))

        assert failures[0][:2] == failures[1][:2]
        assert differences(failures[0][2], failures[1][2]) == {}
        assert failures[0][0] == "failed"
        assert told in failures[0][1][0]

    def test_wherever_a_statement_fails(
        self, planned: Workbench, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
    ) -> None:
        """dbt takes over from where the plan failed, whatever was committed before."""
        planned.save(tmp_path / "image")
        planned.drop("app/1.ndjson", [event("k1"), event("evt-001", 9, "2025-01-15T11:00:00")])
        carry_out, expected = runs.execute.__globals__["_carry_out"], None
        for failing in ("nowhere", "int_events__checked", "events_decisions", "events", "counts"):

            def fails(connection: Any, name: str, transactions: Any, at: str = failing) -> None:
                if name == at:
                    raise StepFailed(name, "it breaks")
                carry_out(connection, name, transactions)

            planned.restore(tmp_path / "image")
            planned.drop("app/1.ndjson", [event("k1"), event("evt-001", 9, "2025-01-15T11:00:00")])
            monkeypatch.setitem(runs.execute.__globals__, "_carry_out", fails)
            receipt = planned.run(now=NOW)
            assert receipt["errors"] == []
            told = [text for text in receipt["warnings"] if "failed in the plan" in text]
            assert [text.split()[0] for text in told] == [failing] * (failing != "nowhere")
            standing = stand(planned)
            # but for the warning
            standing["ops.runs"] = planned.sql(
                "select command, status, skip, errors, had_work from ops.runs"
            )
            expected = expected or standing
            assert differences(standing, expected) == {}, failing


class TestFullCounts:
    def run(self, bench: Workbench, number: int) -> Any:
        bench.drop(f"app/counted-{number}.ndjson", [event(f"counted {number}")])
        return bench.run(now=NOW)

    def counts(self, bench: Workbench) -> list[int]:
        return [
            amount
            for (amount,) in bench.sql(
                "select amount from ops.run_counts where entity = 'events' "
                "and measure = 'runs since all was counted' order by run_id"
            )
        ]

    @pytest.mark.parametrize(
        "damage",
        [
            "delete from raw.app where row_number = 1",
            # two keys that the digest does not tell apart
            "update ops.events_decisions set other_record_id = (select min(record_id) "
            "from ops.events_decisions where outcome = 'duplicate'), outcome = 'outdated', "
            "key_hash = (select arg_min(key_hash, record_id) from ops.events_decisions "
            "where outcome = 'duplicate') where record_key = 'planned'",
        ],
    )
    def test_find_what_was_changed_by_hand(
        self, planned: Workbench, dbts: list[Any], damage: str
    ) -> None:
        planned.sql(damage)
        statuses = [self.run(planned, number)["status"] for number in range(10)]
        assert statuses == ["succeeded"] * 9 + ["failed"]
        # what is wrong is said by dbt
        assert len(dbts) == 1

    def test_find_it_at_once_where_doctor_asks(self, planned: Workbench) -> None:
        [finding] = [each for each in health.doctor(planned.project) if each.check == "data tests"]
        assert (finding.status, finding.detail) == ("ok", "all 10 pass, over all that there is")
        planned.sql("update marts.events set record_id = record_id + 1 where key = 'planned'")
        [finding] = [each for each in health.doctor(planned.project) if each.check == "data tests"]
        assert finding.status == "fail"
        assert finding.detail == "failing: holds_the_greatest_of_each_key_events_events"

    def test_tell_where_the_runs_before_counted_wrong(
        self, planned: Workbench, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.run(planned, 0)
        planned.sql(
            "update ops.run_counts set amount = amount + 5 where measure = 'dead letters open' "
            "and run_id = (select max(run_id) from ops.run_counts)"
        )
        for number in range(1, 10):
            assert "counted wrong" not in caplog.text
            self.run(planned, number)
        told = "events: since all was counted last, the runs had counted wrong: dead letters open"
        assert told in caplog.text

    @pytest.mark.nightly
    def test_come_with_every_tenth_run(self, planned: Workbench, dbts: list[Any]) -> None:
        for number in range(12):
            assert self.run(planned, number)["status"] == "succeeded"
        assert dbts == []
        assert self.counts(planned)[-13:] == [0, *range(1, 10), 0, 1, 2]

    def test_come_after_anything_but_an_increment(self, planned: Workbench) -> None:
        self.run(planned, 1)
        dead_letters.redrive(planned.project, DeadLetterChoice(entity="events"))
        self.run(planned, 2)
        dead_letters.discard(planned.project, DeadLetterChoice(entity="events"), "mia", "a test")
        self.run(planned, 3)
        self.run(planned, 4)
        assert self.counts(planned)[-6:] == [0, 1, 0, 1, 0, 1]


class TestDbtBuilds:
    def run(self, bench: Workbench, dbts: list[Any], **options: Any) -> int:
        """How often dbt builds in a run with one new record."""
        dbts.clear()
        bench.drop("app/one-more.ndjson", [event("one more")])
        assert bench.run(now=NOW, **options)["status"] == "succeeded"
        return len(dbts)

    def test_where_it_is_asked_to(self, planned: Workbench, dbts: list[Any]) -> None:
        assert self.run(planned, dbts, by_dbt=True) == 1

    def test_by_the_option(self, planned: Workbench, dbts: list[Any], command: Command) -> None:
        planned.drop("app/one-more.ndjson", [event("one more")])
        assert command("run", "--no-plan").code == 0
        assert len(dbts) == 1

    def test_not_where_nothing_but_data_is_new(self, planned: Workbench, dbts: list[Any]) -> None:
        assert self.run(planned, dbts) == 0

    @pytest.mark.nightly
    def test_under_other_flags(self, planned: Workbench, dbts: list[Any]) -> None:
        dbts.clear()
        planned.drop("app/one-more.ndjson", [event("one more")])
        assert planned.run("freshness", now=NOW)["status"] == "succeeded"
        assert len(dbts) == 1

    @pytest.mark.nightly
    def test_where_it_is_forced(self, planned: Workbench, dbts: list[Any]) -> None:
        assert self.run(planned, dbts, force=True) == 1

    def test_after_a_run_that_failed(self, planned: Workbench, dbts: list[Any]) -> None:
        planned.sql("update ops.runs set status = 'failed', build_state = null")
        assert self.run(planned, dbts) == 1

    def test_a_reprocessing(self, planned: Workbench, dbts: list[Any]) -> None:
        dbts.clear()
        rules.reprocess(planned.project, ReprocessChoice("events", key="planned"))
        assert len(dbts) == 1

    @pytest.mark.nightly
    @pytest.mark.parametrize("content", [None, "", "{}", "[1", '{"format": 1}'])
    def test_where_there_is_no_plan_that_can_be_read(
        self, planned: Workbench, dbts: list[Any], content: str | None
    ) -> None:
        file = plan_file(planned.project)
        file.unlink() if content is None else file.write_text(content)
        assert self.run(planned, dbts) == 1
        # and leaves one behind
        planned.drop("app/two-more.ndjson", [event("two more")])
        planned.run(now=NOW)
        assert len(dbts) == 1

    def test_where_the_plan_cannot_be_kept(
        self, planned: Workbench, dbts: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan_file(planned.project).unlink()

        def fails(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(runs, "write_plan", fails)
        assert self.run(planned, dbts) == 1

    def test_a_dry_run_leaves_no_plan(self, planned: Workbench, dbts: list[Any]) -> None:
        plan_file(planned.project).unlink()
        assert self.run(planned, dbts, dry=True) == 1
        assert not plan_file(planned.project).exists()

    @pytest.mark.nightly
    @pytest.mark.parametrize(
        ("file", "old", "new"),
        [
            (
                "dbt_project.yml",
                '  - "{{ end_run(results) }}"',
                '  - "{{ end_run(results) }}"\n  - "select 1"',
            ),
            ("profiles.yml", "threads: 1", "threads: 1\n      retries: {connect_attempts: 2}"),
        ],
        ids=["a hook of the user's own", "a profile that wants more"],
    )
    def test_always_where_the_project_wants_what_only_it_can_do(
        self, own_project: Workbench, dbts: list[Any], file: str, old: str, new: str
    ) -> None:
        own_project.edit(file, old, new)
        for number in range(3):
            own_project.drop(f"app/{number}.ndjson", [event(f"k{number}")])
            assert own_project.run()["status"] == "succeeded"
        assert len(dbts) == 3
        assert not plan_file(own_project.project).exists()

    @pytest.mark.nightly
    def test_once_after_a_file_of_the_project_has_changed(
        self, own_built: Workbench, dbts: list[Any]
    ) -> None:
        for number in range(2):
            own_built.drop(f"app/{number}.ndjson", [event(f"k{number}")])
            own_built.run()
        own_built.edit("models/staging/app/stg_app__events.sql", "as name", "|| '!' as name")
        for number, builds in ((3, 1), (4, 2), (5, 2)):
            if number == 3:
                dbts.clear()
            own_built.drop(f"app/{number}.ndjson", [event(f"k{number}")])
            assert own_built.run()["status"] == "succeeded"
            assert len(dbts) == builds
        names = own_built.sql("select key, name from marts.events order by key")
        assert names == [("k0", "a"), ("k1", "a"), ("k3", "a!"), ("k4", "a!"), ("k5", "a!")]


def test_the_plan_says_nothing_of_the_run_that_left_it(planned: Workbench) -> None:
    text = plan_file(planned.project).read_text()
    runs_so_far = [run_id for (run_id,) in planned.sql("select run_id from ops.runs")]
    assert runs_so_far
    assert not [run_id for run_id in runs_so_far if run_id in text]
    # of no other run either: parts of it are older
    identity = re.compile(r"\d{8}T\d{9}-\w{8}")
    assert all(identity.fullmatch(run_id) for run_id in runs_so_far)
    assert identity.findall(text) == []
    assert not [
        when for (when,) in planned.sql("select started_at from ops.runs") if str(when) in text
    ]


def test_a_run_of_all_entities_leaves_the_log_of_the_runs_before_as_it_is(
    planned: Workbench, dbts: list[Any]
) -> None:
    def log() -> list[list[tuple[Any, ...]]]:
        return [
            planned.sql(f"select * from {table} where run_id <= ? order by all", last)
            for table in ("ops.runs", "ops.run_steps", "ops.run_counts")
        ]

    ((last,),) = planned.sql("select max(run_id) from ops.runs")
    before = log()
    planned.drop("app/all.ndjson", [event("all")])
    planned.drop("alpha/all.json", [order("all", "shipped")])
    planned.drop("web/all.ndjson", [{"event_id": "all", "event_type": "search", "user_id": "u"}])
    planned.drop("plant/all.csv", "id,value,category\nall,1,a\n")

    receipt = planned.run(now=NOW)

    assert sum(receipt["outcomes"].values()) == 4
    assert log() == before
    assert dbts == []


@pytest.mark.nightly
def test_models_of_no_entity_are_built_where_dbt_would_build_them(
    own_project: Workbench, dbts: list[Any]
) -> None:
    """A table of the user's own, without a tag: it is built with all entities, not with some."""
    (own_project.root / "models" / "marts" / "daily.sql").write_text(
        "{{ config(materialized='table', contract={'enforced': false}) }}\n"
        "select count(*) as events from {{ ref('events') }}"
    )

    def deliver(number: int, *, to_all: bool) -> list[tuple[int]]:
        own_project.drop(f"app/{number}.ndjson", [event(f"k{number}")])
        if to_all:
            own_project.drop(f"alpha/{number}.json", [order(f"o{number}", "shipped")])
            click = {"event_id": f"c{number}", "event_type": "search", "user_id": "u"}
            own_project.drop(
                f"web/{number}.ndjson", [{**click, "event_timestamp": "2025-01-15T08:00:00"}]
            )
            own_project.drop(f"partner/{number}.ndjson", [{"id": f"m{number}", "value": 1}])
        assert own_project.run()["errors"] == []
        return own_project.sql("select events from marts.daily")

    assert deliver(0, to_all=True) == [(1,)]
    assert deliver(1, to_all=False) == [(1,)]
    dbts.clear()
    assert deliver(2, to_all=True) == [(3,)]
    assert len(dbts) == 1
    assert deliver(3, to_all=False) == [(3,)]
    assert deliver(4, to_all=True) == [(5,)]
    assert len(dbts) == 1
