"""Every format lands its records verbatim."""

import gzip
import json
from itertools import product
from pathlib import Path
from unittest import mock

import duckdb
import pytest
import zstandard

from tests.support.landed import ledger, raw, statuses
from tests.support.readers import read
from tests.support.workbench import Workbench

EVENT = {"key": "k1", "name": "a", "value": 1, "ts": "2025-01-15T08:00:00"}
LINE = json.dumps(EVENT)
RECORDS = ['{"key":"k1","v":"007"}', '{"key":"k2","v":"0.10"}']
CSV = 'key,v\nk1,007\r\n"k2","0.10"\n'
NDJSON = "".join(f"{record}\n" for record in RECORDS)
ARRAY = f"[{RECORDS[0]},\n {RECORDS[1]}]"


class TestFormats:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.json", ARRAY.encode()),
            ("a.ndjson", NDJSON.encode()),
            ("a.jsonl", NDJSON.rstrip().encode()),
            ("a.csv", CSV.encode()),
            ("a.tsv", CSV.replace(",", "\t").encode()),
            ("A.CSV", CSV.encode()),
            ("a.json.gz", gzip.compress(ARRAY.encode())),
            ("a.ndjson.gz", gzip.compress(NDJSON.encode())),
            ("a.csv.gz", gzip.compress(CSV.encode())),
            ("a.ndjson.zst", zstandard.compress(NDJSON.encode())),
            ("a.csv.zst", zstandard.compress(CSV.encode())),
            ("bom.json", b"\xef\xbb\xbf" + ARRAY.encode()),
            ("bom.ndjson", b"\xef\xbb\xbf" + NDJSON.encode()),
            ("bom.csv", b"\xef\xbb\xbf" + CSV.encode()),
            ("utf-16.json", ARRAY.encode("utf-16")),
            ("utf-16.ndjson", NDJSON.encode("utf-16")),
            ("utf-16.csv.gz", gzip.compress(CSV.encode("utf-16"))),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_every_format_lands_the_same_records(
        self, bench: Workbench, name: str, content: bytes
    ) -> None:
        bench.drop(f"app/{name}", content)

        assert statuses(bench.land()) == {f"app/{name}": "landed"}

        assert raw(bench) == RECORDS
        assert bench.sql("select row_number, problem from raw.app order by 1") == [
            (1, None),
            (2, None),
        ]
        assert ledger(bench) == [(f"app/{name}", "landed", 2)]

    def test_parquet_lands_as_json_rows(self, bench: Workbench, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        duckdb.execute(
            "copy (select 'k1' as key, 1.10::decimal(9, 2) as value, 9007199254740993 as big, "
            f"null::varchar as none) to '{path}' (format parquet)"
        )
        bench.drop("app/a.parquet", path.read_bytes())

        assert statuses(bench.land()) == {"app/a.parquet": "landed"}

        assert raw(bench) == ['{"key":"k1","value":1.10,"big":9007199254740993,"none":null}']

    def test_one_object_is_one_record(self, bench: Workbench) -> None:
        bench.drop("app/one.json", f"  {LINE}\n")

        bench.land()

        assert raw(bench) == [LINE]

    def test_a_source_may_mix_formats(self, bench: Workbench) -> None:
        bench.drop("app/1.json", ARRAY)
        bench.drop("app/2.csv", CSV)
        bench.drop("app/3.ndjson.gz", gzip.compress(f"{NDJSON}\n\n".encode()))

        bench.land()

        assert raw(bench) == RECORDS * 3  # of equal content, yet not of equal bytes
        assert [rows for _, _, rows in ledger(bench)] == [2, 2, 2]

    def test_declared_encoding_and_dialect_are_used(self, own_project: Workbench) -> None:
        own_project.set_meta(
            "plant", format={"kind": "csv", "encoding": "latin-1", "delimiter": ";", "quote": "'"}
        )
        own_project.drop("plant/export.txt", "id;name\n1;'Käse; fein'\n".encode("latin-1"))

        own_project.land()

        assert raw(own_project, "plant") == ['{"id":"1","name":"Käse; fein"}']
        assert own_project.sql("select encoding from raw.loads")[0][0].lower() in (
            "latin-1",
            "iso8859-1",
        )

    def test_header_lines_to_skip_and_comments_are_declared_in_the_yaml(
        self, own_project: Workbench
    ) -> None:
        own_project.set_meta(
            "plant", format={"header": ["id", "value"], "skip_lines": 1, "comment": "#"}
        )
        own_project.drop("plant/a.csv", "measured by us\n#id,value\nm1,2\n# late\nm2,3\n")
        own_project.drop("plant/b.csv.gz", gzip.compress(b"x\nid,value\nm3,4\n"))
        own_project.drop("plant/c.csv", "x\nsep=;\nm4;5,5\n")

        assert set(statuses(own_project.land()).values()) == {"landed"}

        assert own_project.sql(
            "select file, record, problem from raw.plant join raw.loads using (load_id) "
            "order by load_id, row_number"
        ) == [
            ("plant/a.csv", '{"id":"m1","value":"2"}', None),
            ("plant/a.csv", '{"id":"m2","value":"3"}', None),
            ("plant/b.csv.gz", "id,value", "repeated_header"),
            ("plant/b.csv.gz", '{"id":"m3","value":"4"}', None),
            ("plant/c.csv", '{"id":"m4","value":"5,5"}', None),
        ]

    def test_an_escape_at_the_end_of_a_header_line_lands(self, own_project: Workbench) -> None:
        own_project.set_meta("plant", format={"escape": "\\"})
        own_project.drop("plant/a.csv", "id,value\\\nm1,2\n")

        assert statuses(own_project.land()) == {"plant/a.csv": "landed"}

        assert raw(own_project, "plant") == ['{"id":"m1","value\\\\":"2"}']

    def test_a_file_without_records_lands_with_no_rows(self, bench: Workbench) -> None:
        bench.drop("plant/header.csv", "id,value\n")
        bench.drop("app/none.json", "[]")
        bench.drop("web/blank.ndjson", "\n\n")

        bench.land()

        assert {(status, rows) for _, status, rows in ledger(bench)} == {("landed", 0)}


class TestVerbatim:
    def test_a_json_line_stands_as_it_was(self, bench: Workbench) -> None:
        lines = [
            '{"b": 1,  "a" : 2}',
            '{"id": 123456789012345678901234567890, "rate": 0.10, "e": 1E5}',
            '{"text": " two  spaces ", "escaped": "\\u00e4\\/", "ä": "ß", "twice": 1, "twice": 2}',
        ]
        bench.drop("app/a.ndjson", "\n".join(lines))

        bench.land()

        assert raw(bench) == lines

    def test_an_array_element_stands_as_it_was(self, bench: Workbench) -> None:
        elements = ['{"b": 1,\n   "a" : 0.10}', '{"id": 123456789012345678901234567890}']
        bench.drop("app/a.json", f"[ {elements[0]} ,\n\n{elements[1]}\n]\n")

        bench.land()

        assert raw(bench) == elements

    def test_csv_values_stay_text(self, bench: Workbench) -> None:
        bench.drop(
            "plant/a.csv",
            "z,a,n\n007,0.10,123456789012345678901234567890\n  x ,,NULL\n"
            '"say ""hi""","1,5","two\nlines"\n',
        )

        bench.land()

        assert raw(bench, "plant") == [
            '{"z":"007","a":"0.10","n":"123456789012345678901234567890"}',
            '{"z":"  x ","a":"","n":"NULL"}',
            '{"z":"say \\"hi\\"","a":"1,5","n":"two\\nlines"}',
        ]

    def test_what_cannot_be_read_lands_with_its_text_and_the_problem(
        self, bench: Workbench
    ) -> None:
        bench.drop("app/a.ndjson", b'{"cut": \n[1, 2]\n"text"\n{"bad": "\xff"}\n' + LINE.encode())
        bench.drop("plant/a.csv", 'id,value\n1,2,3\n4\n"5"x,6\n7,8\n')

        bench.land()

        assert bench.sql("select record, problem, position from raw.app order by row_number") == [
            ('{"cut": ', "malformed_json", None),
            ("[1, 2]", "not_an_object", None),
            ('"text"', "not_an_object", None),
            ("eyJiYWQiOiAi/yJ9", "invalid_utf8", '{"encoding": "base64"}'),
            (LINE, None, None),
        ]
        assert bench.sql("select record, problem from raw.plant order by row_number") == [
            ("1,2,3", "malformed_csv"),
            ("4", "malformed_csv"),
            ('"5"x,6', "malformed_csv"),
            ('{"id":"7","value":"8"}', None),
        ]

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("delimiter", "quote"),
        [pair for pair in product([",", "\t", "§", "{", '"'], ['"', "'", ""]) if len({*pair}) == 2],
    )
    def test_csv_lands_as_the_reader_has_it_whoever_writes_the_records(
        self, own_project: Workbench, delimiter: str, quote: str
    ) -> None:
        # plain rows, which SQL writes; rows with quotes; what is malformed; and blank lines
        rows = ["%,", "it's%s"], ["{'x': 1}", "é€😀"], ["only one"], ["", ""], ["1", "2", "3"]
        plain = [delimiter.join(row) for row in rows] * 3
        quoted = delimiter.join([f"{quote}a{delimiter}{quote * 2}b{quote}", "{"])
        blocks = [
            "\n".join([*plain, quoted, "", *plain]),
            "\n".join([quoted] * 9),
            f"{quoted}\n{plain[0]}\\\n{quote}two\nlines{quote}{delimiter}\n",
        ]
        content = f"it's %d{delimiter}{{}}\n" + "\n".join(blocks)
        declared = {"delimiter": delimiter, "quote": quote}
        own_project.set_meta("plant", format=declared)
        own_project.drop("plant/a.csv", content)
        with mock.patch("loader.readers.bytestream.CHUNK_BYTES", len(blocks[0].encode())):
            expected = read(content.encode(), "a.csv", **declared)
            assert statuses(own_project.land()) == {"plant/a.csv": "landed"}

        assert expected == own_project.sql(
            "select record, problem from raw.plant order by row_number"
        )

    @pytest.mark.parametrize("others", [3, 150])
    def test_fields_are_noted_whatever_other_records_have(
        self, bench: Workbench, monkeypatch: pytest.MonkeyPatch, others: int
    ) -> None:
        monkeypatch.setattr("loader.landing.fields._BLOCKS_AT_ONCE", 1)
        usual = '{"a": 1, "b": "x", "~/*": null}\n'
        more = "".join(f', "c{number}": true' for number in range(others))
        blocks = [
            usual * 4,
            '{"a": 1, "a": 2}\n' + usual,
            f'{{"a": []{more}}}\n',
            usual * 2,
            "[]\n",
        ]
        bench.drop("app/a.ndjson", "".join(blocks))
        with mock.patch("loader.readers.bytestream.CHUNK_BYTES", len(usual)):
            bench.land()

        assert bench.sql("select field, type, records from raw.fields order by all") == sorted(
            [
                ("a", "array", 1),
                ("a", "number", 7),
                ("b", "string", 7),
                ("~/*", "null", 7),
                *((f"c{number}", "boolean", 1) for number in range(others)),
            ]
        )
