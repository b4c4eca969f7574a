"""`make contracts`: what it writes, what it removes, and what it says of a wrong contract."""

import shutil
from pathlib import Path

import pytest
import yaml

from hub.scaffold.__main__ import main
from hub.scaffold.contract import Column, Contract, Reason, read_contracts
from hub.scaffold.derived.files import (
    derived_files,
    entity_files,
    stale_files,
    write_stale_files,
)
from hub.scaffold.vocabulary import read_vocabulary
from tests.support.workbench import PROJECT, copy_project

EVENTS = "macros/contracts/events.sql"
KEY = "'description': 'Key of the event.'"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project, with `make contracts` done, and the current folder."""
    copy_project(tmp_path)
    write_stale_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def edit(root: Path, file: str, old: str, new: str) -> None:
    path = root / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def contents(root: Path) -> dict[str, bytes]:
    """What stands in the files that can be derived."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for folder in ("models", "snapshots", "docs")
        for path in sorted((root / folder).rglob("*.*"))
    }


def contract(*columns: Column, has_history: bool = False) -> Contract:
    """The contract of an entity that is in no project yet."""
    return Contract(
        entity="refunds",
        version="1.0.0",
        key="refund_id",
        event_time="refunded_at",
        prefer=(),
        has_history=has_history,
        columns=(
            Column("refund_id", "string", "Key of the refund.", {"required": True}),
            Column("refunded_at", "timestamp", "When it was paid back (UTC).", {"required": True}),
            *columns,
        ),
        reasons=(Reason("missing_refund_id", "refund_id is null or blank", always=True),),
    )


AMOUNT = Column("amount", "number", "What was paid back.", {"reconcile": {"absolute": "0.01"}})


class TestTheCommand:
    def test_writes_each_derived_file_as_it_was(self, root, capsys):
        before = contents(root)
        reasons = (root / "seeds" / "reasons.csv").read_text()
        derived = derived_files(read_contracts(root), read_vocabulary(root), reasons)
        for path in derived:
            (root / path).unlink()

        assert main() == 0

        assert capsys.readouterr().out.splitlines() == [f"wrote {path}" for path in derived]
        assert contents(root) == before

    def test_writes_nothing_where_nothing_is_stale(self, root, capsys):
        before = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}

        assert main() == 0

        assert capsys.readouterr().out == "all derived files are as the contracts say\n"
        assert before == {
            path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()
        }

    def test_removes_what_follows_from_no_contract_any_more(self, root, capsys):
        edit(root, EVENTS, "        'history': true,\n", "")

        assert main() == 0

        assert capsys.readouterr().out.splitlines() == [
            "wrote models/marts/events.yml",
            "wrote docs/contracts.md",
            "removed models/intermediate/int_events__ended.sql",
            "removed models/intermediate/int_events__ended.yml",
            "removed snapshots/events_history.sql",
            "removed snapshots/events_history.yml",
        ]
        assert not list((root / "snapshots").glob("events*"))
        assert main() == 0

    def test_leaves_files_alone_that_people_write(self, root):
        own = root / "models" / "marts" / "events_by_day.sql"
        own.write_text("-- not a word of where it comes from\nselect 1 as one\n")
        main()
        assert own.exists()

    def test_says_in_one_line_what_is_wrong(self, root, capsys):
        edit(root, EVENTS, KEY, "")

        assert main() == 2

        assert capsys.readouterr().err == (
            "contracts: macros/contracts/events.sql: key: the column has no description. "
            "Say in a sentence what it holds.\n"
        )


class TestAStaleFile:
    def test_is_named_with_what_is_wrong_with_it(self, root):
        edit(root, "models/marts/events.yml", "Key of the event.", "The key.")
        (root / "models" / "marts" / "clicks.sql").unlink()
        shutil.copy(root / "snapshots/orders_history.yml", root / "snapshots/refunds_history.yml")

        assert [str(each) for each in stale_files(root)] == [
            "models/marts/events.yml is stale",
            "models/marts/clicks.sql is missing",
            "snapshots/refunds_history.yml follows from no contract any more",
        ]

    def test_is_each_that_names_a_column(self, root):
        edit(root, EVENTS, KEY, "'description': 'What tells events apart.'")

        assert [each.path for each in stale_files(root)] == [
            "models/intermediate/int_events__unioned.yml",
            "models/intermediate/int_events__ended.yml",
            "models/marts/events.yml",
            "snapshots/events_history.yml",
            "docs/contracts.md",
        ]

    def test_is_each_that_the_vocabulary_describes(self, root):
        edit(root, "models/vocabulary.md", "Digest of the key, for joins.", "Digest of the key.")

        stale = {each.path for each in stale_files(root)}

        assert "models/ops/events_decisions.yml" in stale
        assert "models/marts/orders_reconciliation.yml" in stale
        assert "models/intermediate/int_events__unioned.yml" not in stale


class TestAnEntity:
    def test_of_one_source_is_a_chain_up_to_its_target(self):
        files = entity_files(contract(), read_vocabulary(PROJECT))
        assert sorted(files) == [
            "models/intermediate/int_refunds__checked.sql",
            "models/intermediate/int_refunds__checked.yml",
            "models/intermediate/int_refunds__unioned.sql",
            "models/intermediate/int_refunds__unioned.yml",
            "models/marts/refunds.sql",
            "models/marts/refunds.yml",
            "models/ops/refunds_decisions.sql",
            "models/ops/refunds_decisions.yml",
        ]

    def test_is_reconciled_where_its_contract_compares_columns(self):
        plain = entity_files(contract(), read_vocabulary(PROJECT))
        compared = entity_files(contract(AMOUNT), read_vocabulary(PROJECT))
        assert sorted(compared.keys() - plain.keys()) == [
            "models/intermediate/int_refunds__accepted.sql",
            "models/intermediate/int_refunds__accepted.yml",
            "models/marts/refunds_reconciliation.sql",
            "models/marts/refunds_reconciliation.yml",
        ]

    def test_has_a_history_where_its_contract_says_so(self):
        plain = entity_files(contract(), read_vocabulary(PROJECT))
        kept = entity_files(contract(has_history=True), read_vocabulary(PROJECT))
        assert sorted(kept.keys() - plain.keys()) == [
            "models/intermediate/int_refunds__ended.sql",
            "models/intermediate/int_refunds__ended.yml",
            "snapshots/refunds_history.sql",
            "snapshots/refunds_history.yml",
        ]

    @pytest.mark.parametrize("columns", [(), (AMOUNT,)])
    def test_completes_its_loads_and_proves_its_chain_in_one_model_the_last(self, columns):
        files = entity_files(contract(*columns), read_vocabulary(PROJECT))
        last = "refunds_reconciliation" if columns else "refunds"
        for path in (path for path in files if path.endswith(".yml")):
            model = next(iter(yaml.safe_load(files[path]).values()))[0]
            hooks = str(model["config"].get("post_hook", ""))
            assert ("complete_loads('refunds')" in hooks) == (model["name"] == last)
            claims = [next(iter(claim)) for claim in model.get("data_tests", [])]
            assert claims == (
                ["holds_the_greatest_of_each_key", "accounts_for_every_record"]
                if model["name"] == last
                else []
            )

    def test_lists_in_its_target_what_that_holds(self):
        files = entity_files(contract(AMOUNT), read_vocabulary(PROJECT))
        model = yaml.safe_load(files["models/marts/refunds.yml"])["models"][0]
        listed = files["models/marts/refunds.sql"].split("\nselect\n")[1].split("\nfrom")[0]
        names = [line.strip().rstrip(",").split(" as ")[-1] for line in listed.splitlines()]
        assert names[:3] == ["refund_id", "refunded_at", "amount"]
        assert names == [column["name"] for column in model["columns"]]
        assert [column["name"] for column in model["columns"] if column.get("constraints")] == [
            "refund_id",
            "refunded_at",
        ]

    def test_describes_in_quotes_what_yaml_would_read_otherwise(self):
        hard = 'Say "NULL": # no comment, [no list], {no mapping}, \\n no line, ünicode'
        note = Column("note", "string", hard, {})
        for path, text in entity_files(contract(note), read_vocabulary(PROJECT)).items():
            if path.endswith(("unioned.yml", "checked.yml", "refunds.yml")):
                model = yaml.safe_load(text)["models"][0]
                described = {column["name"]: column["description"] for column in model["columns"]}
                assert described["note"] == hard


class TestAWrongContract:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            (
                "'value': {",
                "'reasons': {",
                "events.sql: reasons: the hub has a column of this name",
            ),
            ("'name': {", "'record_key': {", "record_key: the hub has a column of this name"),
            (KEY, "'description': '{{ key }}'", "events.sql: key: its description holds two"),
            ("'type': 'number'", "'type': 'money'", "contract of events: value: unknown type"),
            ("'key': 'key',", "", "contract of events: key is missing"),
            ("{% endmacro %}", "{% endmacr %}", "macros/contracts/events.sql, line "),
            ("{{ return({", "{{ colour({", "macros/contracts/events.sql: contract_events"),
        ],
    )
    def test_is_refused_with_its_place(self, root, capsys, old, new, said):
        edit(root, EVENTS, old, new)
        before = contents(root)

        assert main() == 2

        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1
        # nothing was half written
        assert contents(root) == before

    def test_may_name_its_key_as_the_hub_does(self, root):
        edit(root, EVENTS, "'key': 'key'", "'key': 'record_key'")
        edit(root, EVENTS, "'key': {", "'record_key': {")
        assert main() == 0
        assert "    record_key,\n" in (root / "models" / "marts" / "events.sql").read_text()

    def test_of_an_entity_without_a_file_is_missed_by_name(self, root, capsys):
        edit(root, "dbt_project.yml", "events: [app]", "events: [app]\n    refunds: [till]")
        assert main() == 2
        assert "macros/contracts/refunds.sql is missing" in capsys.readouterr().err

    def test_term_that_the_vocabulary_lacks_is_named(self, root, capsys):
        edit(root, "models/vocabulary.md", "{% docs key_hash %}", "{% docs hash %}")
        assert main() == 2
        assert "models/vocabulary.md: it does not describe 'key_hash'" in capsys.readouterr().err


class TestThePage:
    def test_says_what_a_column_holds_and_may_hold(self, root):
        edit(root, EVENTS, "'type': 'number',", "'type': 'number', 'min': 0, 'max': 10,")
        main()
        page = (root / "docs" / "contracts.md").read_text()
        assert (
            "| How much, or how many. | number (a double) | yes | at least 0; at most 10 |" in page
        )
        assert "Every state is kept in `marts.events_history`." in page
