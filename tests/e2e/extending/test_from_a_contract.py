"""A new column and a new entity: the contract and the adapters are written, the rest follows."""

from pathlib import Path

import duckdb
import pytest

from hub.scaffold.derived.files import write_stale_files
from tests.support.workbench import Workbench, fresh_samples

pytestmark = pytest.mark.slow

EVENTS = "macros/contracts/events.sql"
ADAPTER = "models/staging/app/stg_app__events.sql"
CHANNEL = "By which channel it came; NULL where the sender does not say."
A_CLAIM = """\
select key
from {{ ref('events') }}
where channel = 'fax'
"""


def event(key: str, **more: object) -> dict[str, object]:
    return {"key": key, "name": "sign up", "value": 1, "ts": "2025-01-15T08:00:00", **more}


@pytest.fixture(scope="module")
def image(shared_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run over one event leaves behind."""
    image = tmp_path_factory.mktemp("images") / "one-event"
    with fresh_samples(shared_root) as bench:
        bench.empty_landing()
        bench.drop("app/1.ndjson", [event("e1")])
        assert bench.run()["status"] == "succeeded"
        bench.save(image)
    return image


@pytest.fixture
def with_a_channel(own_project: Workbench, image: Path) -> Workbench:
    """A project at work, to whose contract and adapter of events a column was added."""
    own_project.restore(image)
    own_project.edit(
        EVENTS,
        "            'ts': {",
        "            'channel': {\n"
        "                'type': 'string',\n"
        f"                'description': '{CHANNEL}',\n"
        "            },\n"
        "            'ts': {",
    )
    own_project.edit(
        ADAPTER,
        "    {{ json_text('ts') }}",
        "    {{ json_text('channel') }} as channel,\n    {{ json_text('ts') }}",
    )
    own_project.drop("app/2.ndjson", [event("e2", channel="web")])
    return own_project


def test_a_new_column_is_in_every_table_and_described_there(with_a_channel: Workbench):
    written = [each.path for each in write_stale_files(with_a_channel.root)]
    assert written == [
        "models/intermediate/int_events__unioned.yml",
        "models/intermediate/int_events__checked.yml",
        "models/intermediate/int_events__ended.yml",
        "models/marts/events.sql",
        "models/marts/events.yml",
        "snapshots/events_history.yml",
        "docs/contracts.md",
    ]

    # opened beforehand, so that what a build keeps in memory is still there
    with duckdb.connect(str(with_a_channel.database)) as connection:
        receipt = with_a_channel.run()
        comments = dict(
            connection.execute(
                "select table_name, comment from duckdb_columns() where column_name = 'channel'"
            ).fetchall()
        )

    assert receipt["status"] == "succeeded", receipt["errors"]
    for table in ("events", "events_history"):
        assert with_a_channel.sql(f"select key, channel from marts.{table} order by key") == [
            ("e1", None),
            ("e2", "web"),
        ]
    for table in ("int_events__unioned", "int_events__checked", "events", "events_history"):
        assert comments[table] == CHANNEL, table


@pytest.mark.nightly
def test_a_target_that_lacks_a_column_of_its_contract_says_what_to_run(with_a_channel: Workbench):
    receipt = with_a_channel.run()

    assert receipt["status"] == "failed"
    said = "events has no column channel, which the contract of events names. Run `make contracts`"
    assert any(said in error for error in receipt["errors"]), receipt["errors"]
    # nothing is lost: the same records are decided, and applied when the files are there
    write_stale_files(with_a_channel.root)
    assert with_a_channel.run()["status"] == "succeeded"
    assert with_a_channel.sql("select key, channel from marts.events order by key") == [
        ("e1", None),
        ("e2", "web"),
    ]


@pytest.mark.nightly
def test_a_data_test_of_its_own_is_a_file_under_tests(with_a_channel: Workbench):
    write_stale_files(with_a_channel.root)
    (with_a_channel.root / "tests" / "no_event_comes_by_fax.sql").write_text(A_CLAIM)
    assert with_a_channel.run()["status"] == "succeeded"

    with_a_channel.drop("app/3.ndjson", [event("e3", channel="fax")])
    receipt = with_a_channel.run()

    assert receipt["status"] == "failed"
    assert any("no_event_comes_by_fax" in error for error in receipt["errors"])


REFUNDS = """\
{#  What a refund must look like. Two tills that differ by a cent agree. #}
{% macro contract_refunds() %}
    {{ return({
        'version': '1.0.0',
        'key': 'refund_id',
        'event_time': 'paid_at',
        'freshness': 'paid_at',
        'prefer': 'newest',
        'history': true,
        'columns': {
            'refund_id': {
                'type': 'string', 'required': true, 'description': 'Key of the refund.',
            },
            'amount': {
                'type': 'number', 'required': true, 'reconcile': {'absolute': '0.01'},
                'description': 'What was paid back.',
            },
            'paid_at': {
                'type': 'timestamp', 'required': true, 'description': 'When (UTC).',
            },
            'note': {
                'type': 'json', 'reconcile': true, 'description': 'What the till noted.',
            },
        },
    }) }}
{% endmacro %}
"""
TILL = """\
select
    {{{{ record_identity() }}}},
    {{{{ json_text('id') }}}} as refund_id,
    {{{{ json_text('amount') }}}} as amount,
    {{{{ json_text('at') }}}} as paid_at,
    {{{{ json_value('note') }}}} as note
from {{{{ source('raw', '{name}') }}}}
"""
TILL_YAML = """\
sources:
  - name: raw
    schema: raw
    tables:
      - name: {name}
        description: Refunds of the till {name}. One row per record, verbatim.
models:
  - name: stg_{name}__refunds
    description: The refunds of {name} in the shape of the contract, as text. One row per record.
    config:
      tags: [refunds]
"""


@pytest.mark.nightly
def test_a_new_entity_is_built_from_its_contract_and_its_adapters(own_project: Workbench):
    (own_project.root / "macros" / "contracts" / "refunds.sql").write_text(REFUNDS)
    for name in ("north", "south"):
        folder = own_project.root / "models" / "staging" / name
        folder.mkdir()
        (folder / f"stg_{name}__refunds.sql").write_text(TILL.format(name=name))
        (folder / f"{name}.yml").write_text(TILL_YAML.format(name=name))
    own_project.edit("dbt_project.yml", "    events:", "    refunds: [north, south]\n    events:")
    write_stale_files(own_project.root)
    paid = {"at": "2025-01-15T08:00:00Z", "note": {"by": "card"}}
    own_project.drop(
        "north/1.ndjson", [{"id": "r1", "amount": 5, **paid}, {"id": "r2", "amount": "x", **paid}]
    )
    own_project.drop("south/1.ndjson", [{"id": "r1", "amount": 5.01, **paid}])

    receipt = own_project.run()

    assert receipt["status"] == "succeeded", receipt["errors"]
    assert own_project.sql("select refund_id, amount, note from marts.refunds") == [
        ("r1", 5.0, '{"by":"card"}')
    ]
    assert own_project.sql("select refund_id, status from marts.refunds_reconciliation") == [
        ("r1", "matched")
    ]
    assert own_project.sql("select amount from marts.refunds_history") == [(5.0,)]
    assert own_project.sql("select error from ops.dead_letters") == [("invalid_amount",)]
    described = own_project.sql(
        "select count(*), count(comment) from duckdb_columns() "
        "where table_name in ('refunds', 'refunds_decisions', 'refunds_reconciliation', "
        "'refunds_history', 'int_refunds__accepted')"
    )
    assert described[0][0] == described[0][1] > 0
