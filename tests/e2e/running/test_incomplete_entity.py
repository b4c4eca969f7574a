"""An entity that is not complete is refused before anything is landed or built, and never keeps
people from what the warehouse knows of the others."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from hub.cli.root import hub as command
from hub.commands import dead_letters, landing, pulling, runs, streaming
from hub.queries.dead_letters import DeadLetterChoice
from loader.errors import WrongUse
from tests.support.workbench import Workbench, fresh_samples

EVENT = {"key": "k1", "name": "a", "value": 1, "ts": "2025-01-15T08:00:00"}
ORDER = {"uid": "o1", "data": "shipped"}


def refusal(bench: Workbench) -> str:
    with pytest.raises(WrongUse) as wrong:
        landing.land_files(bench.project, ())
    assert not bench.database.exists()
    said = str(wrong.value)
    assert "\n" not in said
    return said


def remove_block(bench: Workbench, name: str) -> None:
    """Take the block of a model out of the YAML file that it stands in."""
    for path in (bench.root / "models").rglob("*.yml"):
        content = yaml.safe_load(path.read_text())
        blocks = content.get("models", [])
        kept = [block for block in blocks if block["name"] != name]
        if len(kept) < len(blocks):
            path.write_text(yaml.safe_dump({**content, "models": kept}, sort_keys=False))
            return
    raise AssertionError(f"{name} stands nowhere")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "lack"),
    [
        ("macros/contracts/orders.sql", "macros/contracts/orders.sql"),
        ("models/intermediate/int_orders__unioned.sql", "int_orders__unioned.sql"),
        ("models/intermediate/int_orders__unioned.yml", "the block of int_orders__unioned in mod"),
        ("models/intermediate/int_orders__checked.sql", "int_orders__checked.sql"),
        ("models/intermediate/int_orders__checked.yml", "the block of int_orders__checked in mod"),
        ("models/intermediate/int_orders__accepted.sql", "int_orders__accepted.sql"),
        ("models/intermediate/int_orders__accepted.yml", "the block of int_orders__accepted in "),
        ("models/intermediate/int_orders__ended.sql", "int_orders__ended.sql"),
        ("models/ops/orders_decisions.sql", "models/ops/orders_decisions.sql"),
        ("models/marts/orders.sql", "models/marts/orders.sql"),
        ("models/marts/orders.yml", "the block of orders in models/marts/orders.yml"),
        ("models/marts/orders_reconciliation.sql", "models/marts/orders_reconciliation.sql"),
        ("models/marts/orders_reconciliation.yml", "the block of orders_reconciliation in models"),
    ],
)
def test_a_missing_file_is_named(own_project: Workbench, file: str, lack: str) -> None:
    (own_project.root / file).unlink()

    said = refusal(own_project)

    assert "dbt_project.yml: vars: sources: an entity is not complete: orders lacks " in said
    assert lack in said


def test_a_missing_block_of_the_decisions_is_named(own_project: Workbench) -> None:
    remove_block(own_project, "measurements_decisions")

    assert "the block of measurements_decisions in models/ops/measurements_decisions.yml" in (
        refusal(own_project)
    )


@pytest.mark.parametrize(
    ("file", "text", "lack"),
    [
        (
            "macros/contract/entity_contracts.sql",
            "        'events': contract_events(),\n",
            "its line in the macro entity_contracts",
        ),
        (
            "models/marts/events.yml",
            "        - \"{{ complete_loads('events') }}\"\n",
            "the post_hook complete_loads('events') of events",
        ),
        (
            "models/marts/events.yml",
            "      - accounts_for_every_record: {arguments: {entity: events}}\n",
            "the data test accounts_for_every_record of events",
        ),
        (
            "models/marts/events.yml",
            "      - holds_the_greatest_of_each_key: {arguments: {entity: events}}\n",
            "the data test holds_the_greatest_of_each_key of events",
        ),
    ],
)
def test_a_missing_line_is_named(own_project: Workbench, file: str, text: str, lack: str) -> None:
    own_project.edit(file, text, "")

    assert f"events lacks {lack}. " in refusal(own_project)


def test_the_hook_stands_at_the_last_model_of_the_chain(own_project: Workbench) -> None:
    """At the target it would complete loads that are not reconciled."""
    own_project.edit(
        "models/marts/orders_reconciliation.yml",
        "        - \"{{ complete_loads('orders') }}\"\n",
        "",
    )
    own_project.edit(
        "models/marts/orders.yml",
        "      unique_key: key_hash\n",
        "      unique_key: key_hash\n      post_hook: \"{{ complete_loads('orders') }}\"\n",
    )

    assert "orders lacks the post_hook complete_loads('orders') of orders_reconciliation" in (
        refusal(own_project)
    )


def test_a_hook_in_the_sql_counts(own_project: Workbench) -> None:
    hook = "\"{{ complete_loads('events') }}\""
    own_project.edit("models/marts/events.yml", f"        - {hook}\n", "")
    path = own_project.root / "models/marts/events.sql"
    path.write_text(f"{{{{ config(post_hook={hook}) }}}}\n{path.read_text()}")

    own_project.project.require_sound()


def test_all_that_is_missing_is_told_at_once(own_project: Workbench) -> None:
    (own_project.root / "models/marts/events.yml").unlink()
    (own_project.root / "models/intermediate/int_clicks__checked.sql").unlink()
    remove_block(own_project, "clicks_decisions")

    said = refusal(own_project)

    assert "events lacks the block of events in models/marts/events.yml, the data test " in said
    assert "; clicks lacks models/intermediate/int_clicks__checked.sql, the block of clicks" in said


def test_a_second_source_asks_for_a_reconciliation(own_project: Workbench) -> None:
    """Where its contract names a column that they are compared by."""
    own_project.set_vars(sources={"events": ["app", "alpha"]})
    own_project.edit(
        "macros/contracts/events.sql", "'name': {'type'", "'name': {'reconcile': true, 'type'"
    )

    said = refusal(own_project)

    assert "int_events__accepted.sql" in said
    assert "models/marts/events_reconciliation.sql" in said


def test_an_entity_that_is_not_registered_may_lack_anything(own_project: Workbench) -> None:
    own_project.set_vars(sources={"orders": ["alpha", "beta"]})
    (own_project.root / "models/marts/events.yml").unlink()

    own_project.project.require_sound()


@pytest.mark.parametrize(
    "refused",
    [
        lambda bench: runs.run(bench.project),
        lambda bench: runs.run(bench.project, dry=True),
        lambda bench: landing.land_files(bench.project, ()),
        lambda bench: pulling.pull(bench.project, ()),
        lambda bench: streaming.stream(bench.project, (), once=True),
        lambda bench: dead_letters.redrive(bench.project, DeadLetterChoice()),
    ],
    ids=["run", "dry run", "land", "pull", "stream", "redrive"],
)
def test_all_that_lands_or_builds_is_refused(
    own_project: Workbench, refused: Callable[[Workbench], object]
) -> None:
    own_project.drop("app/a.ndjson", [EVENT])
    (own_project.root / "models/marts/events.yml").unlink()

    with pytest.raises(WrongUse, match="events lacks"):
        refused(own_project)

    assert {path.name for path in own_project.root.glob("*")}.isdisjoint(
        {"warehouse.duckdb", "receipts"}
    )


def break_contract(bench: Workbench) -> None:
    bench.edit("macros/contracts/events.sql", "{{ return({", "{{ return({{")


def lose_contract(bench: Workbench) -> None:
    (bench.root / "macros/contracts/events.sql").unlink()


def lose_decisions(bench: Workbench) -> None:
    remove_block(bench, "events_decisions")


def break_adapter(bench: Workbench) -> None:
    bench.edit("models/staging/app/stg_app__events.sql", "{{", "{{ nothing_of_the_kind(")


def lose_adapter(bench: Workbench) -> None:
    (bench.root / "models/staging/app/stg_app__events.sql").unlink()


def break_yaml(bench: Workbench) -> None:
    path = bench.root / "models/staging/app/app.yml"
    path.write_text(path.read_text() + "\n  - : [\n")


def break_setting(bench: Workbench) -> None:
    bench.set_meta("app", late="drop")


def add_incomplete_entity(bench: Workbench) -> None:
    (bench.root / "macros/contracts/parcels.sql").write_text(
        (bench.root / "macros/contracts/events.sql").read_text().replace("events", "parcels")
    )
    bench.set_vars(sources={**bench.project.vars.sources, "parcels": ["depot"]})


FAULTS = [
    (break_contract, False),
    (lose_contract, True),
    (lose_decisions, True),
    (break_adapter, False),
    (lose_adapter, True),
    (break_yaml, True),
    (break_setting, True),
    (add_incomplete_entity, True),
]


@pytest.fixture(scope="module")
def image(shared_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run over two events and an order leaves behind."""
    image = tmp_path_factory.mktemp("images") / "stored"
    with fresh_samples(shared_root) as bench:
        bench.empty_landing()
        bench.drop("app/a.ndjson", [EVENT, {**EVENT, "value": "no"}])
        bench.drop("alpha/a.ndjson", [ORDER])
        assert bench.run()["status"] == "succeeded"
        bench.save(image)
    return image


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "is_seen"), FAULTS, ids=lambda v: getattr(v, "__name__", ""))
def test_what_is_stored_is_told_though_one_entity_is_broken(
    own_project: Workbench, image: Path, fault: Callable[[Workbench], None], is_seen: bool
) -> None:
    bench = own_project
    bench.restore(image)
    settings = bench.sql("select source, entity, late from raw.sources order by source")
    fault(bench)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(command, [*arguments, "--json"], catch_exceptions=False)

    told = json.loads(call("why", "o1").output)
    assert "applied" in json.dumps(told)
    assert "applied" in json.dumps(json.loads(call("why", "k1").output))
    receipt = json.loads(call("report").output)
    assert receipt["sources"]["alpha"]["applied"] == 1
    assert receipt["sources"]["app"]["applied"] == 1
    orders = json.loads(call("report", "--entity", "orders").output)
    assert orders["target_rows"] == 1
    assert call("report", "--history", "3").exit_code == 0
    examined = {finding["check"]: finding for finding in json.loads(call("doctor").output)}
    assert examined.pop("project")["status"] == ("fail" if is_seen else "ok")
    assert {finding["status"] for finding in examined.values()} <= {"ok", "warn"}
    # a letter can still be discarded, and what is stored of the sources stays
    assert dead_letters.discard(bench.project, DeadLetterChoice(source="app"), "mia", "test")
    assert bench.sql("select source, entity, late from raw.sources order by source") == settings
    if is_seen:
        with pytest.raises(WrongUse):
            bench.run()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "lack"),
    [
        (lose_decisions, "the block of events_decisions"),
        (
            lambda bench: (bench.root / "models/marts/events.yml").unlink(),
            "the post_hook complete_loads('events') of events",
        ),
        (
            lambda bench: bench.edit(
                "models/marts/events.yml",
                "      - accounts_for_every_record: {arguments: {entity: events}}\n",
                "",
            ),
            "the data test accounts_for_every_record of events",
        ),
    ],
    ids=["decisions", "hook", "proof"],
)
def test_a_plain_dbt_build_is_refused_too(
    own_project: Workbench,
    capfd: pytest.CaptureFixture[str],
    fault: Callable[[Workbench], None],
    lack: str,
) -> None:
    own_project.land()
    before = own_project.sql("select table_name from duckdb_tables() order by 1")
    fault(own_project)

    result = own_project.dbt("build")

    assert not result.success
    assert lack in capfd.readouterr().out + str(result.exception)
    assert own_project.sql("select table_name from duckdb_tables() order by 1") == before
    assert own_project.sql("select count(*) from ops.runs where command = 'build'") == [(0,)]
