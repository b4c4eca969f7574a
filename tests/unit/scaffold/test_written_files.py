"""What `hub new` writes: literals, YAML, dbt_project.yml; and that it writes all or nothing."""

from pathlib import Path

import pytest
import yaml
from jinja2 import Environment

from hub.scaffold.contract import read_contracts
from hub.scaffold.written.contract import WrittenColumn, WrittenContract, contract_text
from hub.scaffold.written.literals import jinja_text, quoted, yaml_text
from hub.scaffold.written.project_files import FileChange, apply_changes
from hub.scaffold.written.registration import with_source
from hub.scaffold.written.source_yaml import golden_rows, yaml_text_of
from loader.config.macros import Macros
from loader.config.project_vars import read_vars
from loader.errors import HubError
from tests.support.shipped import PROJECT

HOSTILE = [
    *("plain", "it's", 'say "hi"', "back\\slash", "{{ x }}", "{% raw %}", "{# note #}", "a: b"),
    *(
        "tab\there",
        "line\nend",
        "\u2028",
        "é日本",
        "",
        "null",
        "yes",
        "- x",
        "#",
        "~",
        "\x00",
        "😀",
    ),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_is_read_back_from_its_literals(text: str) -> None:
    template = Environment(autoescape=False).from_string("{{ " + jinja_text(text) + " }}")

    assert template.render() == text
    assert yaml.safe_load(f"- {yaml_text(text)}") == [text]
    assert yaml.safe_load(f"{{a: {quoted(text)}}}") == {"a": text}


class TestRegistration:
    TEXT = (PROJECT / "dbt_project.yml").read_text()

    def test_changes_one_line_for_an_entity_that_is_there(self) -> None:
        changed = with_source(self.TEXT, "orders", "gamma")

        assert changed == self.TEXT.replace("[alpha, beta]", "[alpha, beta, gamma]")
        assert changed != self.TEXT

    def test_adds_one_line_for_a_new_entity(self) -> None:
        changed = with_source(self.TEXT, "refunds", "shop")
        last = self.TEXT[self.TEXT.index("    measurements:") :].splitlines(keepends=True)[0]

        assert changed == self.TEXT.replace(last, f"{last}    refunds: [shop]\n")

    def test_keeps_lists_that_are_written_otherwise(self) -> None:
        text = "vars:\n  sources:\n    a: # the first\n      - x # and its source\n    b: ['y']\n"

        assert with_source(with_source(text, "a", "z"), "b", "z") == (
            "vars:\n  sources:\n    a: # the first\n      - x # and its source\n"
            "      - z\n    b: ['y', z]\n"
        )


def test_a_contract_is_read_back_as_it_was_meant(tmp_path: Path) -> None:
    column = WrittenColumn(
        "status", "string", "It's a state.", required=True, allowed=("it's", "b\\c"), reconcile=True
    )
    key = WrittenColumn("id", "string", "Key.", required=True, normalize=("trim", "lower"))
    text = contract_text(WrittenContract("refunds", "id", None, None, True, (key, column)))
    (tmp_path / "macros").mkdir()
    (tmp_path / "macros" / "refunds.sql").write_text(text)
    macros = Macros(tmp_path, read_vars({"sources": {"refunds": ["shop"]}}))

    assert macros.call("contract_refunds") == {
        "version": "1.0.0",
        "key": "id",
        "event_time": None,
        "freshness": None,
        "prefer": "newest",
        "history": True,
        "columns": {
            "id": {
                "type": "string",
                "required": True,
                "normalize": ["trim", "lower"],
                "description": "Key.",
            },
            "status": {
                "type": "string",
                "required": True,
                "allowed": ["it's", "b\\c"],
                "reconcile": True,
                "description": "It's a state.",
            },
        },
    }
    assert max(map(len, text.splitlines())) <= 100


def test_shipped_contracts_have_the_layout_that_is_written() -> None:
    """A contract that is written by hand, and one that is written from what it says, are alike."""
    (clicks,) = [each for each in read_contracts(PROJECT) if each.entity == "clicks"]
    columns = tuple(
        WrittenColumn(
            column.name,
            column.type,
            column.description,
            required=bool(column.words.get("required")),
            allowed=tuple(column.words.get("allowed") or ()),
        )
        for column in clicks.columns
    )
    written = contract_text(
        WrittenContract("clicks", clicks.key, clicks.event_time, clicks.event_time, False, columns)
    )
    by_hand = (PROJECT / clicks.file).read_text()

    assert written.splitlines()[1:-1] == by_hand.splitlines()[1:-1]


class TestYaml:
    def test_of_a_source_is_read_back_with_its_rows(self) -> None:
        records = [f'{{"a": {index}}}' for index in range(len(HOSTILE))]
        safe = [text for text in HOSTILE if "{" not in text]
        rows = golden_rows(records[: len(safe)], ["a"], [[text] for text in safe], most=99)
        text = yaml_text_of(
            "shop", "refunds", "CSV", {"format": {"delimiter": ";"}, "nulls": ["\\N"]}, ["a"], rows
        )
        content = yaml.safe_load(text)

        assert content["sources"][0]["tables"][0]["config"]["meta"] == {
            "format": {"delimiter": ";"},
            "nulls": ["\\N"],
        }
        (unit_test,) = content["unit_tests"]
        assert [row["record"] for row in unit_test["given"][0]["rows"]] == [
            *(row.record for row in rows),
            '{"cut',
        ]
        assert [row["a"] for row in unit_test["expect"]["rows"]] == [
            *(row.values["a"] for row in rows),
            None,
        ]

    def test_shows_a_record_for_each_set_of_columns_that_is_filled(self) -> None:
        texts = ["1", "2", "3", "4"]
        adapted = [["x", None], ["y", None], ["x", "z"], [None, None]]

        chosen = golden_rows(texts, ["a", "b"], adapted)

        assert [row.record for row in chosen] == ["1", "3", "4"]

    def test_shows_no_record_that_dbt_would_take_for_jinja(self) -> None:
        assert golden_rows(['{"a": "{{ x }}"}'], ["a"], [["{{ x }}"]]) == []

    def test_has_a_record_of_several_lines_on_one(self) -> None:
        (row,) = golden_rows(['{\n  "a": "b  c",\n  "d": 1\n}'], ["a"], [["b  c"]])
        text = yaml_text_of("shop", "refunds", "JSON", {}, ["a"], [row])

        assert """record: '{"a": "b  c","d": 1}'""" in text


class TestChanges:
    CHANGES = (
        FileChange("old.yml", "changed", is_new=False),
        FileChange("new/deep/a.sql", "select 1", is_new=True),
    )

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        (tmp_path / "old.yml").write_text("as it was")
        return tmp_path

    def test_are_all_made(self, root: Path) -> None:
        apply_changes(root, list(self.CHANGES))

        assert (root / "old.yml").read_text() == "changed"
        assert (root / "new/deep/a.sql").read_text() == "select 1"
        assert len(list(root.rglob("*"))) == 4

    def test_that_cannot_all_be_made_leave_everything_as_it_was(self, root: Path) -> None:
        (root / "blocked").write_text("a file where a folder should be")
        changes = [*self.CHANGES, FileChange("blocked/b.sql", "select 2", is_new=True)]

        with pytest.raises(HubError, match="nothing was changed"):
            apply_changes(root, changes)

        assert (root / "old.yml").read_text() == "as it was"
        assert sorted(path.name for path in root.rglob("*")) == ["blocked", "old.yml"]

    def test_overwrite_nothing_that_came_meanwhile(self, root: Path) -> None:
        (root / "new/deep").mkdir(parents=True)
        (root / "new/deep/a.sql").write_text("mine")

        with pytest.raises(HubError, match="nothing is overwritten"):
            apply_changes(root, list(self.CHANGES))

        assert (root / "new/deep/a.sql").read_text() == "mine"
        assert (root / "old.yml").read_text() == "as it was"
