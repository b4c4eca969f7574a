"""A source that the project has renamed: the warehouse follows, and nothing lands or is lost."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli.root import hub as command
from hub.commands import dead_letters, health, questions, sources
from hub.main import main
from hub.queries.dead_letters import DeadLetterChoice
from hub.runs import rename_source as renaming
from loader.errors import WrongUse
from tests.support.workbench import Workbench, fresh_samples

pytestmark = pytest.mark.slow

ORDERS = [
    {"uid": "o1", "data": "shipped"},
    {"uid": "o2", "data": "pending"},
    {"uid": "o2", "data": "shipped"},
    {"uid": "", "data": "lost"},
    {"uid": "o3"},
]


def rename_in_project(bench: Workbench, old: str = "alpha", new: str = "north") -> None:
    """What a user does by hand."""
    staging = bench.root / "models" / "staging"
    (staging / old).rename(staging / new)
    for path in (staging / new).iterdir():
        path.write_text(path.read_text().replace(old, new))
        path.rename(path.with_name(path.name.replace(old, new)))
    project_file = bench.root / "dbt_project.yml"
    project_file.write_text(project_file.read_text().replace(old, new))
    if (bench.root / "landing" / old).exists():
        (bench.root / "landing" / old).rename(bench.root / "landing" / new)


@pytest.fixture(scope="module")
def image(shared_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run leaves behind that knows orders of alpha, one of them discarded, and of beta."""
    image = tmp_path_factory.mktemp("images") / "orders"
    with fresh_samples(shared_root) as bench:
        bench.empty_landing()
        bench.drop("alpha/1.json", ORDERS)
        bench.drop("alpha/2.ndjson", [{"uid": "o1", "data": "returned"}, ORDERS[1]])
        bench.drop("beta/1.json", [{"identifier": "o1", "payload": "returned"}])
        bench.run()
        choice = DeadLetterChoice(reason="missing_status")
        assert len(dead_letters.discard(bench.project, choice, "mia", "a test")) == 1
        bench.save(image)
    return image


@pytest.fixture
def landed(own_project: Workbench, image: Path) -> Workbench:
    """A project that has taken them up."""
    own_project.restore(image)
    return own_project


def everything(bench: Workbench) -> dict[str, list[tuple[Any, ...]]]:
    """What a user sees, but for the source's name and the numbers of runs."""
    queries = {
        "target": "select order_id, status, record_id, load_id from marts.orders order by all",
        "letters": "select record, reasons, status, record_id, recorded_at from ops.dead_letters",
        "outcomes": "select record_id, record_key, outcome from ops.record_outcomes",
        "reconciliation": "select order_id, status from marts.orders_reconciliation",
        "history": "select order_id, status, dbt_valid_from, dbt_valid_to "
        "from marts.orders_history",
        "ledger": "select load_id, split_part(file, '/', 2), rows, status from raw.loads",
    }
    return {name: bench.sql(f"from ({query}) order by all") for name, query in queries.items()}


def test_all_it_had_goes_on_under_the_new_name(landed: Workbench) -> None:
    before = everything(landed)
    rename_in_project(landed)

    renamed = sources.rename_source(landed.project, "alpha", "north")

    assert (renamed.loads, renamed.records, renamed.dead_letters) == (2, 7, 2)
    assert (renamed.entity, renamed.request_id, renamed.notes) == ("orders", 1, ())
    receipt = landed.run()
    assert receipt["status"] == "succeeded", receipt["errors"]
    assert receipt["files"] == {"landed": 0, "held": 0, "quarantined": 0}
    assert everything(landed) == before
    assert landed.sql("select source, count(*) from ops.record_outcomes group by 1 order by 1") == [
        ("beta", 1),
        ("north", 7),
    ]
    assert landed.sql("select distinct source from ops.dead_letters") == [("north",)]
    assert landed.sql("select order_id, source from marts.orders order by 1") == [
        ("o1", "beta"),
        ("o2", "north"),
    ]
    for table in ("raw.loads", "raw.fields", "ops.run_counts", "ops.orders_decisions"):
        assert landed.sql(f"select count(*) from {table} where source = 'alpha'") == [(0,)], table
    assert landed.sql("select file from raw.loads order by load_id") == [
        ("north/1.json",),
        ("north/2.ndjson",),
        ("beta/1.json",),
    ]
    tables = "select table_name from duckdb_tables() where schema_name = 'raw'"
    assert ("alpha",) not in landed.sql(tables)
    assert not [each for each in health.doctor(landed.project) if each.status == "fail"]

    # a repeat is one of what was sent under the old name, and a correction wins
    landed.drop("north/3.ndjson", [ORDERS[0], ORDERS[3], {"uid": "o2", "data": "lost"}])
    landed.run()
    assert landed.outcomes("north")[-3:] == ["applied", "duplicate", "applied"]
    assert landed.sql("select count(*) from ops.dead_letters") == [(2,)]
    assert landed.run(force=True)["status"] == "succeeded"


@pytest.mark.nightly
def test_a_rebuild_ends_in_the_same(landed: Workbench) -> None:
    rename_in_project(landed)
    sources.rename_source(landed.project, "alpha", "north")
    landed.run()
    before = everything(landed)

    result = landed.dbt("build", "--full-refresh", "--exclude-resource-type", "unit_test")

    assert result.success, [each.message for each in result.result if each.status != "success"]
    after = everything(landed)
    for part in ("target", "letters", "reconciliation", "ledger"):
        assert after[part] == before[part], part


def test_the_state_of_pulls_and_streams_goes_with_it(landed: Workbench) -> None:
    landed.sql("insert into ops.pulls (source, since) values ('alpha', 'x'), ('north', null)")
    for source, offset in (("alpha", 7), ("north", 0)):
        landed.sql(
            "insert into ops.stream_offsets (source, topic, partition, next_offset) "
            "values (?, 't', 0, ?)",
            source,
            offset,
        )
    rename_in_project(landed)

    sources.rename_source(landed.project, "alpha", "north")

    assert landed.sql("select source, since from ops.pulls") == [("north", "x")]
    assert landed.sql("select source, next_offset from ops.stream_offsets") == [("north", 7)]


def test_the_order_of_sources_stays_as_it_was_decided_in(landed: Workbench) -> None:
    landed.sql("update ops.entity_orders set prefer = 'beta,alpha' where entity = 'orders'")
    rename_in_project(landed)

    sources.rename_source(landed.project, "alpha", "north")

    assert landed.sql("select sources, prefer from ops.entity_orders where entity = 'orders'") == [
        ("north,beta", "beta,north")
    ]


def test_a_failure_in_the_middle_leaves_all_as_it_was(
    landed: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    rename_in_project(landed)
    with monkeypatch.context() as patch:
        patch.setattr(renaming, "name_texts_anew", fail)
        with pytest.raises(OSError, match="disk"):
            sources.rename_source(landed.project, "alpha", "north")
    assert landed.sql("select count(*) from raw.alpha") == [(7,)]
    assert landed.sql("select count(*) from raw.loads where source = 'north'") == [(0,)]

    assert sources.rename_source(landed.project, "alpha", "north").records == 7


def test_what_is_left_to_do_is_said(landed: Workbench) -> None:
    rename_in_project(landed)
    shutil.copytree(landed.root / "landing" / "north", landed.root / "landing" / "alpha")

    said = CliRunner().invoke(command, ["rename-source", "alpha", "north"]).output

    assert said == (
        "alpha is north now: 2 loads, 7 records of orders, 2 dead letters\n"
        "`hub run` completes it: it decides the records again under their new name\n"
        "landing/alpha still holds files, which no registered source claims: move them to "
        "landing/north\n"
    )
    assert questions.history(landed.project, 1)[0]["command"] == "rename-source"


def test_a_source_of_which_nothing_could_be_read_is_renamed_too(own_project: Workbench) -> None:
    own_project.drop("alpha/1.json", "[")
    own_project.land()
    rename_in_project(own_project)

    result = CliRunner().invoke(command, ["rename-source", "alpha", "north", "--json"])

    told = json.loads(result.output)
    assert (told["loads"], told["records"], told["request_id"]) == (0, 0, None)
    assert own_project.sql("select source, file, status from raw.loads") == [
        ("north", "north/1.json", "quarantined")
    ]


def refusal(bench: Workbench, old: str, new: str) -> str:
    with pytest.raises(WrongUse) as wrong:
        sources.rename_source(bench.project, old, new)
    assert "\n" not in str(wrong.value)
    return str(wrong.value)


class TestItIsRefused:
    def test_where_the_project_has_not_renamed_it(self, landed: Workbench) -> None:
        assert refusal(landed, "alpha", "north") == (
            "source 'alpha': it is still registered. Rename models/staging/alpha, its files, "
            "landing/alpha and the name in vars: sources; then run the same command again."
        )
        assert "still registered" in refusal(landed, "alpha", "alpha")

    def test_where_the_new_name_is_not_registered(self, landed: Workbench) -> None:
        rename_in_project(landed)

        assert "source 'south': it is not registered. Write it in vars: sources, where alpha" in (
            refusal(landed, "alpha", "south")
        )

    def test_where_the_warehouse_has_nothing_of_the_old_name(self, landed: Workbench) -> None:
        rename_in_project(landed)

        for old in ("gamma", "x'; drop table raw.loads; --"):
            said = refusal(landed, old, "north")
            assert f"source '{old}': the warehouse has nothing of it. It has something of" in said
        assert "alpha, beta" in said

    def test_where_the_files_have_landed_again(self, landed: Workbench) -> None:
        rename_in_project(landed)
        landed.land()

        said = refusal(landed, "alpha", "north")

        assert "source 'north': it has 2 loads of its own, and two sources cannot become" in said
        assert "`hub reprocess --entity orders` takes out what alpha brought" in said

    def test_where_it_feeds_another_entity(self, landed: Workbench) -> None:
        staging = landed.root / "models" / "staging"
        (staging / "alpha").rename(landed.root / "alpha")
        shutil.copytree(staging / "app", staging / "north")
        for path in (staging / "north").iterdir():
            path.write_text(path.read_text().replace("app", "north"))
            path.rename(path.with_name(path.name.replace("app", "north")))
        landed.set_vars(
            sources={
                "events": ["app", "north"],
                "orders": ["beta"],
                "clicks": ["web"],
                "measurements": ["plant", "partner"],
            }
        )

        assert "source 'alpha': it fed orders, and north is registered under events. " in (
            refusal(landed, "alpha", "north")
        )

    def test_by_the_command_line_with_2(
        self,
        landed: Workbench,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["hub", "rename-source", "alpha", "north"])
        with pytest.raises(SystemExit) as end:
            main()

        assert end.value.code == 2
        assert capsys.readouterr().err.startswith("hub: source 'alpha': it is still registered")
