"""What `hub new` guesses of values: types, forms of times and numbers, keys, names."""

import json
from pathlib import Path
from typing import Any

import pytest

from hub.scaffold.guesses.contract import propose_contract
from hub.scaffold.guesses.keys import guess_key, normalized_by
from hub.scaffold.guesses.names import column_name, snake
from hub.scaffold.guesses.readings import Habits, habits_of, nothing_words, read_as
from hub.scaffold.guesses.source_sample import SourceSample, read_source_sample
from hub.scaffold.guesses.types import type_of
from hub.scaffold.samples.fields import SampleField, fields_of
from hub.scaffold.samples.times import forms_of
from loader.errors import WrongUse


def field_of(values: list[Any], name: str = "x") -> SampleField:
    (field,) = fields_of([json.dumps({name: value}) for value in values]).all
    return field


def guessed(values: list[Any], name: str = "x", habits: Habits | None = None) -> str:
    """The type, and the macros that read it."""
    reading = type_of(field_of(values, name), habits or Habits())
    return " ".join([reading.type, *(f"{macro}({given})" for macro, given in reading.calls)])


class TestType:
    @pytest.mark.parametrize(
        ("name", "values", "expected"),
        [
            # texts that look like numbers
            ("zip", ["01099", "80331"], "string"),
            ("x", ["01099", "80331"], "string"),
            ("postal_code", [80331, 10115], "string"),
            ("customer_id", [1, 2, 3], "string"),
            ("x", ["A1", "2", "3", "4", "5", "6"], "string"),
            ("x", ["$1.50", "$2"], "string"),
            ("x", ["12345678901234567890", "12345678901234567891"], "string"),
            # numbers
            ("x", [1, 2, 3], "number"),
            ("qty", [1, 2, 3], "integer"),
            ("x", list(range(20)), "integer"),
            ("x", [1.5, 2, 3e2], "number"),
            ("x", [1 / 3, 2 / 3], "number"),
            ("x", ["-1", "+2.5", ".5"], "number"),
            ("x", [9007199254740993, 1], "integer"),
            ("x", ["0.123456789012345678", "1"], "decimal(38, 18)"),
            ("price", [f"{n}.50" for n in range(20)], "decimal(18, 4)"),
            ("price", ["1.50", "2"], "number"),
            ("x", ["12,50", "3"], "number local_number(decimal=',', thousands='.')"),
            ("x", ["1.234,5", "3"], "number local_number(decimal=',', thousands='.')"),
            ("x", ["1,234.5", "3"], "number local_number(decimal='.', thousands=',')"),
            ("x", ["1\u202f234,5", "3"], "number local_number(decimal=',', thousands=' ')"),
            ("x", ["1'234.50", "3"], "number local_number(decimal='.', thousands=\"'\")"),
            # nothing tells decimals from thousands
            ("x", ["1,234", "5,678"], "string"),
            # slips among numbers, and words that are meant
            ("x", ["1", "2", "3", "4", "5", "oops"], "number"),
            ("x", ["1", "2", "3", "oops"], "string"),
            ("x", [*map(str, range(40)), *["unlimited"] * 3], "string"),
            # booleans
            ("x", [True, False], "boolean"),
            ("x", ["TRUE", "false"], "boolean"),
            ("x", ["ja", "Nein"], "boolean local_boolean(yes=['ja'], no=['nein'])"),
            ("is_open", ["Y", "y"], "boolean local_boolean(yes=['y'], no=['n'])"),
            ("is_open", [0, 1], "boolean local_boolean(yes=['1'], no=['0'])"),
            ("x", ["yes", "no", "maybe"] * 3, "string"),
            ("x", [0, 1], "number"),
            ("x", ["y", "y"], "string"),
            # times
            ("x", ["2025-01-15", "2025-1-5 8:05"], "timestamp"),
            ("x", ["2025-01-15T08:00:00.1+02:00", "2025-01-15t08:00z"], "timestamp"),
            ("x", ["31.12.2025"], "timestamp local_timestamp('%d.%m.%Y')"),
            ("x", ["1/13/2025 2:05 PM"], "timestamp local_timestamp('%m/%d/%Y %I:%M %p')"),
            ("x", ["13/1/25"], "timestamp local_timestamp('%d/%m/%y')"),
            ("x", ["Jan 5, 2025"], "timestamp local_timestamp('%b %d, %Y')"),
            ("x", ["2025/01/15"], "timestamp local_timestamp('%Y/%m/%d')"),
            ("x", ["2025-01-15", "31.12.2025"], "timestamp local_timestamp('%d.%m.%Y')"),
            (
                "x",
                ["2025-01-15", "31.12.2025", "2025/01/02"],
                "timestamp local_timestamp('%d.%m.%Y') local_timestamp('%Y/%m/%d')",
            ),
            ("x", ["03/04/2025", "05/06/2025"], "string"),
            ("x", ["13/04/2025", "04/13/2025"], "string"),
            ("x", ["32.12.2025", "41.01.2025"], "string"),
            ("at", [1736928000, 1736928001], "timestamp epoch_as_text('seconds')"),
            ("at", [1736928000123.0], "timestamp epoch_as_text('milliseconds')"),
            ("x", [1736928000, 1736928001], "number"),
            ("order_id", [1736928000, 1736928001], "string"),
            ("date", [20250115, 20250116], "timestamp local_timestamp('%Y%m%d')"),
            ("x", [20250115, 20250116], "number"),
            # what is no single value
            ("x", [[1], []], "json"),
            ("x", [{"a": 1}, "b"], "json"),
            ("x", [None, None], "string"),
            ("x", ["", " "], "string"),
        ],
    )
    def test_is_that_for_which_the_values_speak(
        self, name: str, values: list[Any], expected: str
    ) -> None:
        assert guessed(values, name) == expected.replace('"\'"', "'\\''")

    def test_of_what_could_be_read_in_two_ways_is_as_in_the_rest_of_the_file(self) -> None:
        telling = field_of(["1.234,50", "13/01/2025"][:1]), field_of(["13/01/2025"])
        habits = habits_of(telling)

        assert habits == Habits(day_first=True, decimal=",")
        assert guessed(["03/04/2025"], habits=habits).endswith("('%d/%m/%Y')")
        assert guessed(["1,234"], habits=habits).endswith("(decimal=',', thousands='.')")
        assert guessed(["1.234"], habits=habits).endswith("(decimal=',', thousands='.')")

    def test_of_which_one_form_does_not_fit_all_tells_what_does_not_fit(self) -> None:
        reading = type_of(field_of(["31.12.2025", "1.1.2025", "30.02.2025"] * 2), Habits())

        assert reading.type == "string"
        wanted = read_as(
            field_of(["31.12.2025", "1.1.2025", "30.02.2025"]),
            "timestamp",
            Habits(),
            most_misfits=0.5,
        )
        assert wanted is not None
        assert wanted.misfits == {"30.02.2025": 1}


def test_forms_of_times_are_told_for_each_text() -> None:
    forms = forms_of(["31.12.2025 14:05", "1/2/2025", "no time"])

    assert forms == {
        "%d.%m.%Y %H:%M": {"31.12.2025 14:05"},
        "%d/%m/%Y": {"1/2/2025"},
        "%m/%d/%Y": {"1/2/2025"},
    }


class TestNothingWords:
    def test_are_what_programs_write_among_values(self) -> None:
        fields = [field_of(["1", "NULL", "-"]), field_of(["a", "N/A", "-"])]

        assert nothing_words(fields) == ("NULL", "-", "N/A")

    def test_are_no_codes(self) -> None:
        fields = [field_of(["NA", "DE", "FR"]), field_of(["1", "2", "3", "NA"])]

        assert nothing_words(fields) == ()

    def test_are_not_all_that_a_field_has(self) -> None:
        assert nothing_words([field_of(["NULL", "NULL"])]) == ()


class TestKey:
    def guess(self, *records: dict[str, Any], entity: str = "orders") -> str:
        fields = fields_of([json.dumps(record) for record in records]).all
        return str(guess_key(fields, entity, Habits(), "file").field)

    def test_is_the_field_of_that_name_that_differs(self) -> None:
        records = [{"customer_id": n % 2, "order_id": n, "qty": n} for n in range(9)]

        assert self.guess(*records) == "order_id"

    def test_may_repeat_itself_where_its_name_tells(self) -> None:
        records = [{"qty": n, "note": f"a text {n}", "ref": f"r{n % 2}"} for n in range(9)]

        assert self.guess(*records) == "ref"

    def test_may_be_nested(self) -> None:
        assert self.guess({"data": {"id": 1, "name": "x"}}, {"data": {"id": 2}}) == "data.id"

    def test_may_have_any_name_where_it_differs_in_each_record(self) -> None:
        records = [{"when": "2025-01-01", "sku": f"a{n}", "price": n * 1.5} for n in range(5)]

        assert self.guess(*records) == "sku"

    def test_is_none_of_what_says_when_or_how_much(self) -> None:
        with pytest.raises(WrongUse, match=r"no field could be the key.*'at', 'amount'"):
            self.guess(*({"at": f"2025-01-0{n}", "amount": n * 1.5} for n in range(1, 9)))

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            (["A1", "b2"], ()),
            ([" A1", "B2"], ("trim",)),
            (["A1", "a1", "b2", "c3"], ("lower",)),
            (["A1", "a1", "B2", "C3"], ("upper",)),
            (["aBcD", "abcd", "eFgH"], ()),
        ],
    )
    def test_is_tidied_only_where_that_makes_equal_what_is(
        self, values: list[str], expected: tuple[str, ...]
    ) -> None:
        assert normalized_by([field_of(values)])[0] == expected


class TestNames:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("Order ID", "order_id"),
            ("createdAt", "created_at"),
            ("HTTPStatus", "http_status"),
            ("Größe (cm)", "groesse_cm"),
            ("  a--b ", "a_b"),
            ("Prénom", "prenom"),
        ],
    )
    def test_are_words_in_lower_case(self, given: str, expected: str) -> None:
        assert snake(given) == expected

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            (("user", "name"), "user_name"),
            (("select",), "given_select"),
            (("record",), "given_record"),
            (("主键",), "field_3"),
            (("2024",), "field_2024"),
            (("Id",), "id_2"),
            (("x" * 80,), "x" * 50),
        ],
    )
    def test_of_columns_are_free_in_sql_and_in_the_chain(
        self, path: tuple[str, ...], expected: str
    ) -> None:
        assert column_name(path, {"id"}, 3) == expected


def sample_of(folder: Path, source: str, records: list[dict[str, Any]]) -> SourceSample:
    path = folder / f"{source}.ndjson"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return read_source_sample(source, path)


class TestContract:
    def proposed(self, *samples: SourceSample, **options: Any) -> Any:
        return propose_contract("orders", samples, options.get("key"), False).contract

    def test_has_rules_only_where_many_records_speak_for_them(self, tmp_path: Path) -> None:
        def records(count: int) -> list[dict[str, Any]]:
            return [
                {"id": n, "status": ["new", "paid", "sent"][n % 3], "city": "Bonn"}
                for n in range(count)
            ]

        few = self.proposed(sample_of(tmp_path, "few", records(19)))
        many = self.proposed(sample_of(tmp_path, "many", records(60)))

        assert [column.required for column in few.columns] == [True, False, False]
        assert [column.allowed for column in few.columns] == [(), (), ()]
        assert [column.required for column in many.columns] == [True, True, True]
        assert [column.allowed for column in many.columns] == [(), ("new", "paid", "sent"), ()]

    def test_orders_by_a_time_that_all_records_have(self, tmp_path: Path) -> None:
        records = [
            {"id": n, "updated": f"2025-01-0{n}", "created": "2025-01-01", "due": "2025-02-01"}
            for n in range(1, 5)
        ]
        whole = self.proposed(sample_of(tmp_path, "whole", records))
        del records[2]["updated"]
        lacking = self.proposed(sample_of(tmp_path, "lacking", records))
        del records[1]["created"]
        none = self.proposed(sample_of(tmp_path, "none", records))

        assert whole.event_time == "updated"
        assert lacking.event_time == "created"
        assert (none.event_time, none.freshness) == (None, "updated")

    def test_does_not_order_by_what_lies_ahead(self, tmp_path: Path) -> None:
        records = [{"id": n, "date": f"9000-01-0{n}"} for n in range(1, 5)]

        assert self.proposed(sample_of(tmp_path, "a", records)).event_time is None

    def test_of_two_sources_has_what_they_share_once_and_reconciles_it(
        self, tmp_path: Path
    ) -> None:
        one = sample_of(
            tmp_path,
            "one",
            [{"order_no": f"o{n}", "state": "new", "total": n} for n in range(5)],
        )
        other = sample_of(
            tmp_path,
            "other",
            [
                {"reference": f"o{n}", "Status": "new", "Amount": f"{n},50", "carrier": "x"}
                for n in range(3, 8)
            ],
        )
        contract = self.proposed(one, other)

        assert [(column.name, column.reconcile) for column in contract.columns] == [
            ("order_no", False),
            ("state", True),
            ("total", True),
            ("carrier", False),
        ]

    def test_takes_the_key_that_was_named_however_it_is_written(self, tmp_path: Path) -> None:
        sample = sample_of(tmp_path, "a", [{"id": 1, "Order Ref": "x"}])

        assert self.proposed(sample, key="order_ref").key == "order_ref"

    def test_refuses_a_key_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(WrongUse, match=r"no field of this name.*'id'"):
            self.proposed(sample_of(tmp_path, "a", [{"id": 1}]), key="ref")
