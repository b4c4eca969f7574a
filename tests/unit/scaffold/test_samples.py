"""What `hub new` sees of a sample file: its format, its records, their fields."""

import json
from pathlib import Path
from typing import Any

import pytest

from hub.scaffold.samples.fields import fields_of
from hub.scaffold.samples.reading import read_sample
from loader.errors import WrongUse


def sample_of(folder: Path, content: bytes | str, name: str = "sample.csv", **options: Any) -> Any:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_sample(path, **options)


def fields_in(*records: object) -> dict[str, Any]:
    found = fields_of([json.dumps(record) for record in records])
    return {str(field): field for field in found.all}


class TestFormat:
    @pytest.mark.parametrize(
        ("content", "declared"),
        [
            ("id,name\n1,a\n2,b\n", {}),
            ("id;name\n1;a,b,c\n2;b\n", {"delimiter": ";"}),
            ("id\tname\n1\ta\n", {"delimiter": "\t"}),
            ("id|name\n1|a;b\n2|c;d\n", {"delimiter": "|"}),
            ('id;"a\nb";price\n1;x;"1,5"\n2;y;"2,5"\n', {"delimiter": ";"}),
            ("sep=;\nid;name\n1;a\n", {"delimiter": ";"}),
            ("# made today\nid,name\n1,a\n# end\n2,b\n", {"comment": "#"}),
            ("A report\n\nid,name,city\n1,a,b\n2,c,d\n", {"skip_lines": 1}),
            ("id\na1\na2\n", {}),
            ("id;name\n1;Köln\n".encode("cp1252"), {"encoding": "cp1252", "delimiter": ";"}),
            ("id,name\n1,Köln\n".encode(), {}),
            ("id,name\n1,Köln\n".encode("utf-16"), {}),
            ("id,name\n1,Köln\n".encode("utf-16-le"), {"encoding": "utf-16-le"}),
            ("id,name\n1,\x81\n".encode("latin-1"), {"encoding": "iso-8859-1"}),
        ],
    )
    def test_of_a_csv_is_what_its_source_must_declare(
        self, tmp_path: Path, content: bytes | str, declared: dict[str, object]
    ) -> None:
        assert sample_of(tmp_path, content).declared == declared

    @pytest.mark.parametrize(
        ("content", "kind"),
        [('{"id": 1}\n{"id": 2}', "json"), ('[{"id": 1}]', "json"), ("id\tn\n1\t2\n", "csv")],
    )
    def test_is_told_from_the_content_where_the_name_does_not_say(
        self, tmp_path: Path, content: str, kind: str
    ) -> None:
        assert sample_of(tmp_path, content, "sample.txt").declared["kind"] == kind

    def test_of_a_few_damaged_records_is_no_other_encoding(self, tmp_path: Path) -> None:
        sample = sample_of(tmp_path, "id,name\n1,Köln\n2,Zürich\n".encode() + b"3,K\xf6ln\n")

        assert sample.declared == {}
        assert sample.unreadable == {"invalid_utf8": 1}

    def test_of_a_csv_without_names_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(WrongUse, match=r"looks like a record.*--header"):
            sample_of(tmp_path, "1,alice,2025-01-01\n2,bob,2025-01-02\n3,carol,2025-01-03\n")

    def test_of_a_csv_without_names_is_known_where_they_are_given(self, tmp_path: Path) -> None:
        sample = sample_of(tmp_path, "1,alice\n2,bob\n", header=["id", "name"])

        assert sample.declared == {"header": ["id", "name"]}
        assert json.loads(sample.texts[0]) == {"id": "1", "name": "alice"}

    def test_takes_years_over_numbers_for_names(self, tmp_path: Path) -> None:
        content = "region,2024,2025\nnorth,10,11\nsouth,20,21\n"

        assert json.loads(sample_of(tmp_path, content).texts[0])["2024"] == "10"

    def test_wants_as_many_names_as_fields(self, tmp_path: Path) -> None:
        with pytest.raises(WrongUse, match=r"3 names, no record .* has so many fields, but 2"):
            sample_of(tmp_path, "1,alice\n2,bob\n", header=["id", "name", "x"])


class TestRecords:
    def test_are_those_that_land_and_the_others_have_their_problems(self, tmp_path: Path) -> None:
        sample = sample_of(tmp_path, '{"a": 1}\n{"a": \n[1]\n{"a": 1, "a": 2}\n', "s.ndjson")

        assert sample.texts == ('{"a": 1}',)
        assert sample.unreadable == {
            "malformed_json": 1,
            "not_an_object": 1,
            "duplicate_name": 1,
        }

    def test_of_a_long_file_are_the_first_ones(self, tmp_path: Path) -> None:
        lines = "".join(f'{{"id": {number}}}\n' for number in range(1000))
        sample = sample_of(tmp_path, lines, "s.ndjson", most_records=100)

        assert (sample.read, sample.is_part) == (100, True)

    @pytest.mark.parametrize("content", ["", "id,name\n"])
    def test_must_be_there(self, tmp_path: Path, content: str) -> None:
        with pytest.raises(WrongUse, match=r"no record|no line with names"):
            sample_of(tmp_path, content)

    def test_must_be_readable(self, tmp_path: Path) -> None:
        with pytest.raises(WrongUse, match="not_an_object 2"):
            sample_of(tmp_path, "[1, 2]", "s.json")

    @pytest.mark.parametrize(
        ("page", "place"),
        [
            ({"data": {"items": [{"id": 1}]}, "meta": {"next": None}}, "data.items"),
            ({"total": 2, "orders": [{"id": 1}, {"id": 2}]}, "orders"),
            ({"results": [{"id": 1}]}, "results"),
        ],
    )
    def test_inside_a_page_of_an_api_are_refused_with_their_place(
        self, tmp_path: Path, page: object, place: str
    ) -> None:
        with pytest.raises(WrongUse, match=f"under {place}"):
            sample_of(tmp_path, json.dumps(page), "s.json")

    def test_may_be_one_that_has_a_list(self, tmp_path: Path) -> None:
        order = {"order_id": "o1", "lines": [{"sku": "a"}, {"sku": "b"}]}

        assert sample_of(tmp_path, json.dumps(order), "s.json").read == 1

    def test_are_missed_where_there_is_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(WrongUse, match="cannot be read"):
            read_sample(tmp_path / "no.csv")


class TestFields:
    def test_of_objects_are_told_by_their_path(self) -> None:
        found = fields_in({"a": {"b": {"c": 1}}, "d": "x"}, {"a": {"b": {"c": 2}}})

        assert found.keys() == {"a.b.c", "d"}
        assert found["a.b.c"].values == ("1", "2")
        assert found["d"].values == ("x", None)

    def test_that_hold_objects_and_texts_are_kept_whole(self) -> None:
        found = fields_in({"a": {"b": 1}}, {"a": "text"}, {"a": [1]})

        assert found.keys() == {"a"}
        assert found["a"].is_structure

    def test_of_which_each_record_has_others_are_kept_whole(self) -> None:
        found = fields_in(*({"id": n, "by_day": {f"d{n}": 1}} for n in range(30)))

        assert found.keys() == {"id", "by_day"}

    def test_whose_names_are_values_are_left_out(self) -> None:
        records = [{"id": number, f"k{number}": 1} for number in range(60)]
        found = fields_of([json.dumps(record) for record in records])

        assert [str(field) for field in found.all] == ["id"]
        assert found.declared is None
        assert found.left_out == ("60 fields: their names seem to be values",)

    def test_keep_the_digits_of_numbers(self) -> None:
        found = fields_of(['{"a": 9007199254740993, "b": 1.50, "c": 1e2}'])

        assert [field.values for field in found.all] == [("9007199254740993",), ("1.50",), ("1e2",)]

    def test_that_no_path_leads_to_are_told(self) -> None:
        assert len(fields_of(['{"": 1, "*": 2, "a": 3}']).left_out) == 2

    def test_are_declared_with_their_types(self) -> None:
        texts = ['{"a": 1, "b": "x", "c": [], "d": 1}', '{"a": 2, "b": null, "c": {}}']

        assert fields_of(texts).declared == {
            "a": "number",
            "b": "string?",
            "c": "any",
            "d": "number?",
        }
