"""Stages switched off: every combination builds, and each means exactly one thing."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pytest

from loader.config.stages import read_stages
from loader.errors import WrongUse
from tests.support.workbench import PROJECT, Workbench

pytestmark = pytest.mark.slow

STAGES = ("adapt", "deduplicate", "validate", "freshness", "reconcile")


def how_often(off: tuple[str, ...]) -> list[pytest.MarkDecorator]:
    """The marks of a combination: some are left to the nights."""
    return [] if len(off) in (0, 1, len(STAGES)) else [pytest.mark.nightly]


COMBINATIONS = [
    pytest.param(off, id="+".join(off) or "none", marks=how_often(off))
    for size in range(len(STAGES) + 1)
    for off in itertools.combinations(STAGES, size)
]
ENTITIES = {
    "events": ("app",),
    "orders": ("alpha", "beta"),
    "clicks": ("web",),
    "measurements": ("plant", "partner"),
}
KEYS = {"events": "key", "orders": "order_id", "clicks": "event_id", "measurements": "id"}
VALUES = {
    "events": "key, name, value, ts, freshness, source, record_id",
    "orders": "order_id, status, updated_at, freshness, source, record_id",
    "clicks": "event_id, event_timestamp, event_type, user_id, freshness, source, record_id",
    "measurements": "id, value, category, timestamp, freshness, source, record_id",
}
NOON = "2025-01-15T12:00:00"


@dataclass(frozen=True)
class Built:
    """A finished run: its receipt, and a copy of the warehouse as it was then."""

    receipt: dict[str, Any]
    database: Path

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database)) as connection:
            return connection.execute(query).fetchall()

    def target(self, entity: str) -> list[tuple[Any, ...]]:
        return self.sql(f"select {VALUES[entity]} from marts.{entity} order by 1")


class BuildWithout(Protocol):
    """Run the samples with some stages off, by default on an empty warehouse."""

    def __call__(self, *off: str, after: Built | None = None) -> Built: ...


@pytest.fixture(scope="module")
def without(shared_root: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildWithout:
    """The samples built with some stages off; each combination is built once."""
    copies = tmp_path_factory.mktemp("built")
    built: dict[tuple[str, ...], Built] = {}

    def build(*off: str, after: Built | None = None) -> Built:
        if after is None and off in built:
            return built[off]
        with _inside(shared_root) as bench:
            bench.database.unlink(missing_ok=True)
            bench.empty_landing()
            bench.drop_samples()
            if after is not None:
                shutil.copy(after.database, bench.database)
            receipt = bench.run(*off, now=NOON)
            database = copies / f"{receipt['run_id']}.duckdb"
            shutil.move(bench.database, database)
        result = Built(receipt, database)
        if after is None:
            built[off] = result
        return result

    return build


@contextmanager
def _inside(root: Path) -> Iterator[Workbench]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.delenv("HUB_LANDING", raising=False)
        yield Workbench(root)


@pytest.mark.parametrize("off", COMBINATIONS)
def test_every_combination_of_stages_off_builds_green_and_accounts_for_every_record(
    without: BuildWithout, off: tuple[str, ...]
) -> None:
    built = without(*off)

    assert (built.receipt["status"], built.receipt["errors"]) == ("succeeded", [])
    for stage, said in built.receipt["stages"].items():
        taken_up = "ran" if "adapt" not in off else "no input"
        assert said == ("off" if stage in off else taken_up)
    for entity, sources in ENTITIES.items():
        _assert_accounted_for(built, entity, sources, adapted="adapt" not in off)
    assert bool(built.sql("select * from marts.orders_reconciliation")) == (
        "reconcile" not in off and "adapt" not in off
    )


def _assert_accounted_for(
    built: Built, entity: str, sources: tuple[str, ...], *, adapted: bool
) -> None:
    listed = "', '".join(sources)
    ledger = built.sql(f"select sum(rows) from raw.loads where source in ('{listed}')")[0][0]
    landed = sum(built.sql(f"select count(*) from raw.{name}")[0][0] for name in sources)
    decided, letters, rejected, keys = built.sql(
        "select count(*), count(*) filter (where is_dead_letter), "
        "count(*) filter (where outcome = 'rejected'), "
        "count(distinct record_key) filter (where outcome = 'applied') "
        "- count(distinct record_key) filter (where is_deletion) "
        f"from ops.{entity}_decisions"
    )[0]
    assert ledger == landed > 0
    assert decided == (landed if adapted else 0)
    assert letters == rejected
    assert built.sql(f"select count(*), count(distinct {KEYS[entity]}) from marts.{entity}") == [
        (keys, keys)
    ]


class TestAdaptOff:
    def test_takes_nothing_up(self, without: BuildWithout) -> None:
        built = without("adapt")

        assert built.sql("select count(*) from raw.app") == [(7,)]
        assert built.sql("select count(*) from ops.decisions") == [(0,)]
        assert built.sql("select count(*) from ops.completed_loads") == [(0,)]
        assert built.target("events") == []
        assert built.receipt["entities"]["events"]["input_records"] == 0

    @pytest.mark.nightly
    def test_the_next_full_run_takes_everything_up(self, without: BuildWithout) -> None:
        caught_up = without(after=without("adapt"))

        assert caught_up.receipt["status"] == "succeeded"
        assert caught_up.receipt["outcomes"] == without().receipt["outcomes"]
        for entity in ENTITIES:
            assert caught_up.target(entity) == without().target(entity)

    @pytest.mark.nightly
    def test_what_was_taken_up_before_stays_as_it_is(self, without: BuildWithout) -> None:
        again = without("adapt", after=without())

        assert again.receipt["status"] == "succeeded"
        for entity in ENTITIES:
            assert again.target(entity) == without().target(entity)
        assert again.sql("select count(*) from ops.decisions") == [(30,)]


class TestValidateOff:
    def test_an_untypable_value_enters_as_null_and_the_row_is_marked_unvalidated(
        self, without: BuildWithout
    ) -> None:
        built = without("validate")

        assert built.sql("select value from marts.events where key = 'evt-005'") == [(None,)]
        assert built.sql(
            "select outcome, is_validated from ops.record_outcomes where record_key = 'evt-005'"
        ) == [("applied", False)]
        assert built.sql("select distinct is_validated from ops.decisions") == [(False,)]

    def test_rules_on_values_do_not_reject(self, without: BuildWithout) -> None:
        assert ("hover",) in without("validate").sql("select event_type from marts.clicks")

    def test_blank_keys_and_missing_event_times_are_still_rejected(
        self, without: BuildWithout
    ) -> None:
        assert without("validate").sql(
            "select source, row_number, reasons from ops.dead_letters order by 1"
        ) == [("app", 4, ["missing_key"]), ("web", 6, ["missing_timestamp"])]

    def test_validated_rows_are_marked_so_otherwise(self, without: BuildWithout) -> None:
        assert without().sql("select distinct is_validated from ops.decisions") == [(True,)]


class TestDeduplicateOff:
    @pytest.mark.nightly
    def test_an_exact_repeat_is_outdated(self, without: BuildWithout) -> None:
        built = without("deduplicate")

        assert built.sql(
            "select outcome, other_record_id from ops.record_outcomes where record_key = 'clk-004' "
            "order by record_id"
        ) == [("applied", None), ("outdated", 40000000004)]
        assert built.receipt["entities"]["clicks"]["cache"] == {
            "hits": 0,
            "misses": 8,
            "hit_rate": 0.0,
        }

    @pytest.mark.nightly
    def test_hashes_are_recorded_all_the_same(self, without: BuildWithout) -> None:
        recorded = "select record_id, content_hash from ops.decisions order by 1"

        hashes = without("deduplicate").sql(recorded)

        assert hashes == without().sql(recorded)
        assert all(digest for _, digest in hashes)

    @pytest.mark.nightly
    def test_the_target_is_the_same(self, without: BuildWithout) -> None:
        for entity in ENTITIES:
            assert without("deduplicate").target(entity) == without().target(entity)


class TestFreshnessOff:
    @pytest.mark.nightly
    def test_rows_have_no_freshness(self, without: BuildWithout) -> None:
        built = without("freshness")

        assert built.sql("select distinct freshness from ops.decisions") == [(None,)]
        for entity in ENTITIES:
            assert built.sql(f"select distinct freshness from marts.{entity}") == [(None,)]
        assert built.receipt["entities"]["events"]["stale_records"] == 0

    @pytest.mark.nightly
    def test_otherwise_they_are_fresh_stale_or_unknown(self, without: BuildWithout) -> None:
        assert without().sql("select distinct freshness from ops.decisions order by 1") == [
            ("fresh",),
            ("stale",),
            ("unknown",),
        ]


class TestReconcileOff:
    @pytest.mark.nightly
    def test_the_table_is_left_as_it_was_and_catches_up_when_it_is_on_again(
        self, samples: Workbench, without: BuildWithout
    ) -> None:
        built = without()
        reconciliation = "select * from marts.orders_reconciliation order by 1"
        before = built.sql(reconciliation)
        samples.drop(
            "alpha/later.json",
            [
                {"uid": "order_002", "data": {"status": "processing"}},
                {"uid": "order_004", "data": {"status": "returned"}},
                {"uid": "order_005", "data": {"status": "pending"}},
            ],
        )
        shutil.copy(built.database, samples.database)

        samples.land()
        _build_orders(samples, skip="[reconcile]")
        assert samples.sql("select status from marts.orders where order_id = 'order_005'")
        assert samples.sql(reconciliation) == before

        _build_orders(samples)
        statuses = "select order_id, status from marts.orders_reconciliation order by 1"
        assert samples.sql(statuses) == [
            ("order_001", "matched"),
            ("order_002", "matched"),
            ("order_003", "single_source"),
            ("order_004", "matched"),
            ("order_005", "single_source"),
        ]

    @pytest.mark.nightly
    def test_everything_else_is_as_with_it(self, without: BuildWithout) -> None:
        outcomes = "select record_id, outcome, reasons from ops.record_outcomes order by 1"

        assert without("reconcile").sql(outcomes) == without().sql(outcomes)
        assert without("reconcile").receipt["entities"]["orders"]["reconciliation_skipped"]


def _build_orders(bench: Workbench, skip: str = "[]") -> None:
    chosen = ("--select", "tag:orders", "--exclude-resource-type", "unit_test")
    result = bench.dbt("build", *chosen, "--vars", f"skip: {skip}")
    assert result.success, [
        each.message for each in result.result if each.status in ("error", "fail")
    ]


def test_with_validation_off_null_keys_and_untypable_event_times_are_still_rejected(
    bench: Workbench,
) -> None:
    moment = "2025-01-15T08:00:00"
    bench.drop(
        "app/events.ndjson",
        [
            {"key": None, "name": "a", "value": 1, "ts": moment},
            {"name": "b", "value": 1, "ts": moment},
            {"key": " ", "name": "c", "value": 1, "ts": moment},
            {"key": "k4", "name": "d", "value": 1, "ts": None},
            {"key": "k5", "name": "e", "value": 1, "ts": "  "},
            {"key": "k6", "name": "f", "value": 1, "ts": "yesterday"},
            {"key": "k7", "name": None, "value": None, "ts": moment},
            {"key": "k8", "name": "h", "value": 1, "ts": "2125-01-15T08:00:00"},
        ],
    )
    bench.land()

    chosen = ("--select", "tag:events", "--exclude-resource-type", "unit_test")
    assert bench.dbt("build", *chosen, "--vars", "skip: [validate]").success

    assert bench.sql("select reasons from ops.record_outcomes order by record_id") == [
        (["missing_key"],),
        (["missing_key"],),
        (["missing_key"],),
        (["missing_timestamp"],),
        (["missing_timestamp"],),
        (["invalid_timestamp"],),
        (None,),
        (None,),
    ]
    assert bench.sql("select key, name, value from marts.events order by key") == [
        ("k7", None, None),
        ("k8", "h", 1.0),
    ]


def test_vars_skip_in_the_project_file_knows_cache_as_deduplicate(own_project: Workbench) -> None:
    own_project.set_vars(skip=["cache"])
    row = {"event_id": "c", "event_timestamp": NOON, "event_type": "search", "user_id": "u"}
    own_project.drop("web/clicks.ndjson", [row, row])
    own_project.drop("alpha/orders.json", [{"uid": "o", "data": "new"}] * 2)

    receipt = own_project.run("reconcile")

    assert receipt["status"] == "succeeded"
    assert receipt["stages"] == {
        "adapt": "ran",
        "deduplicate": "off",
        "validate": "ran",
        "freshness": "ran",
        "reconcile": "off",
    }
    assert "cache" not in receipt["entities"]["clicks"]["stages_run"]
    assert own_project.outcomes("web") == ["applied", "outdated"]
    assert own_project.outcomes("alpha") == ["applied", "outdated"]


def test_cache_is_another_name_of_deduplicate() -> None:
    stages = read_stages(PROJECT)
    assert stages.named("cache") == stages.named("deduplicate") == "deduplicate"


class TestAnUnknownStage:
    def test_on_the_command_line_is_wrong_use_and_names_the_known_ones(
        self, bench: Workbench
    ) -> None:
        with pytest.raises(WrongUse) as error:
            bench.run("validation")

        assert error.value.exit_code == 2
        assert "'validation'" in str(error.value)
        for stage in (*STAGES, "cache"):
            assert stage in str(error.value)

    def test_in_the_project_file_is_wrong_use_and_names_the_known_ones(
        self, own_project: Workbench
    ) -> None:
        own_project.set_vars(skip=["validate", "dedup"])

        with pytest.raises(WrongUse, match=r"'dedup'.*adapt, deduplicate, validate") as error:
            own_project.run()

        assert "dbt_project.yml" in str(error.value)

    def test_in_a_plain_dbt_build_fails_and_names_the_known_ones(self, bench: Workbench) -> None:
        bench.land()

        result = bench.dbt("build", "--select", "tag:events", "--vars", "skip: [validation]")

        assert not result.success
        assert "'validation'" in str(result.exception)
        assert "adapt, deduplicate, validate, freshness, reconcile" in str(result.exception)


@pytest.mark.parametrize("skip", ["validate", {"validate": True}, [["validate"]], [None], 7])
def test_skip_that_is_no_list_of_names_is_wrong_use(own_project: Workbench, skip: object) -> None:
    own_project.set_vars(skip=skip)

    with pytest.raises(WrongUse, match="skip"):
        own_project.run()
