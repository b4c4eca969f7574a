from __future__ import annotations

import base64
import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.readers import UnreadableFile, format_of, read_records
from loader.readers.csv.form import column_names
from tests.support.independent_reader import Untrustworthy, records_of
from tests.support.readers import Found, chunks_of, read, read_all, refusal, texts

SIZES = [1, 2, 3, 7, 1 << 20]
MALFORMED = "malformed_csv"


def read_anyhow(text: str, **declared: Any) -> Found:
    """The records, which must be the same whatever the chunks."""
    outcomes = []
    for size in SIZES:
        with chunks_of(size):
            outcomes.append(read(text.encode(), "a.csv", **declared))
    assert all(outcome == outcomes[0] for outcome in outcomes)
    return outcomes[0]


def test_a_record_is_a_json_object_of_verbatim_text() -> None:
    text = 'id, name ,n\n007, x ,0.10\n,"",\n"a ""b"" \\ \t","é\x00\x01%s",NULL\n'
    assert read_anyhow(text) == [
        ('{"id":"007"," name ":" x ","n":"0.10"}', None),
        ('{"id":""," name ":"","n":""}', None),
        ('{"id":"a \\"b\\" \\\\ \\t"," name ":"é\\u0000\\u0001%s","n":"NULL"}', None),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_all_line_ends_end_a_record_and_inside_quotes_they_are_text(end: str) -> None:
    for last in ("", end):
        assert read_anyhow(f'a,b{end}1,"x{end}{end}y"{end}{end}{end}2,z{last}') == [
            (json.dumps({"a": "1", "b": f"x{end}{end}y"}, separators=(",", ":")), None),
            ('{"a":"2","b":"z"}', None),
        ]


def test_line_ends_may_be_mixed_and_blank_lines_hold_no_record() -> None:
    found = read_anyhow("\n\r\na\r\n1\n\n2\r3\r\r\n\n4")
    assert [json.loads(record)["a"] for record, _ in found] == ["1", "2", "3", "4"]


@pytest.mark.slow
def test_batches_are_bounded() -> None:
    def sizes(content: str) -> list[int]:
        batches = read_records(io.BytesIO(content.encode()), format_of("a.csv"))
        return [len(batch.records) for batch in batches]

    assert sum(sizes("a\n" + "1\n" * 120_000 + '"x"\n' + f"{'y' * 30}\n" * 120_000)) == 240_001
    escaped = sizes("a\n" + "\\\n" * 120_000)
    assert (sum(escaped), max(escaped)) == (120_000, 50_000)
    wide = ",".join("n" * 20_000 for _ in range(5)) + "\n" + ",,,,\n" * 10_000
    for batch in read_records(io.BytesIO(wide.encode()), format_of("a.csv")):
        assert sum(map(len, batch.records)) <= 8 << 20


def test_an_empty_quoted_field_is_a_record_and_so_is_a_line_of_spaces() -> None:
    assert read_anyhow('a\n""\n  \n\n') == [('{"a":""}', None), ('{"a":"  "}', None)]


@pytest.mark.parametrize("text", ["", "\n\n", "a,b", "a,b\n", '"a","b"\r\n\r\n'])
def test_a_file_without_records_may_have_a_header(text: str) -> None:
    assert read_anyhow(text) == []


def test_a_quote_inside_an_unquoted_field_is_text() -> None:
    assert read_anyhow('a,b\n5" pipe, "x"\n') == [('{"a":"5\\" pipe","b":" \\"x\\""}', None)]


def test_text_after_a_closing_quote_is_malformed_and_stands_as_it_was() -> None:
    assert read_anyhow('a,b\n"x"y,1\n"x" ,"p\nq"\n"say "hi"",2\n3,4\n') == [
        ('"x"y,1', MALFORMED),
        ('"x" ,"p\nq"', MALFORMED),
        ('"say "hi"",2', MALFORMED),
        ('{"a":"3","b":"4"}', None),
    ]


def test_another_number_of_fields_than_in_the_header_is_malformed() -> None:
    assert read_anyhow("a,b\n1\n1,2,\n1,2\n") == [
        ("1", MALFORMED),
        ("1,2,", MALFORMED),
        ('{"a":"1","b":"2"}', None),
    ]


def test_a_quote_that_is_never_closed_spoils_its_line_alone() -> None:
    assert read_anyhow('a,b\n1,2\n3,"x\n4,5\n6,""\n7,"8"') == [
        ('{"a":"1","b":"2"}', None),
        ('3,"x\n4,5\n6,""\n7,"8"', MALFORMED),
    ]
    assert read_anyhow('a,b\r\n1,2\r\n3,"x\r\n4,5\r\n6,""\r\n7,8') == [
        ('{"a":"1","b":"2"}', None),
        ('3,"x', MALFORMED),
        ('{"a":"4","b":"5"}', None),
        ('{"a":"6","b":""}', None),
        ('{"a":"7","b":"8"}', None),
    ]


def test_a_record_of_several_lines_is_malformed_up_to_the_line_of_the_open_quote() -> None:
    assert read_anyhow('a,b\n"1\n1","x\n3,4') == [
        ('"1\n1","x', MALFORMED),
        ('{"a":"3","b":"4"}', None),
    ]
    assert read_anyhow('a,b\n1,"') == [('1,"', MALFORMED)]


@pytest.mark.slow
def test_a_stray_quote_costs_no_row_however_large_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loader.readers.csv.spool.MEMORY_BYTES", 1000)
    rows = "".join(f"{number},é\n" for number in range(300_000))
    found = read(f'a,b\n0,"é\n{rows}'.encode(), "a.csv")
    assert found[0] == ('0,"é', MALFORMED)
    assert len(found) == 300_001
    assert {problem for _, problem in found[1:]} == {None}


@pytest.mark.parametrize("header", ['a,"b', '"a"x,b', 'a,"b\n1,2\n3,"x"', "a,\xff"])
def test_a_broken_header_refuses_the_file(header: str) -> None:
    for size in SIZES:
        with chunks_of(size):
            assert refusal(f"{header}\n1,2\n".encode("latin-1"), "a.csv").reason == "bad_header"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_without_a_header_line_has_the_declared_names(end: str) -> None:
    for last in ("", end):
        assert read_anyhow(f'1,"x"{end}{end}2,y{last}', header=["a", "b"]) == [
            ('{"a":"1","b":"x"}', None),
            ('{"a":"2","b":"y"}', None),
        ]
    assert read_anyhow("", header=["a"]) == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_declared_lines_at_the_start_are_no_data_whatever_is_in_them(end: str) -> None:
    text = f'Report "of, May{end}{end}a,b{end}1,2{end}'
    assert read_anyhow(text, skip_lines=2) == [('{"a":"1","b":"2"}', None)]
    assert read_anyhow(text, skip_lines=3, header=["x", "y"]) == [('{"x":"1","y":"2"}', None)]
    assert read_anyhow(text, skip_lines=9) == []


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;"])
def test_a_line_of_a_spreadsheet_names_the_separator(line: str) -> None:
    assert read_anyhow(f"{line}\r\na;b,\r\n1,5;2\r\n") == [('{"a":"1,5","b,":"2"}', None)]
    assert read_anyhow(f"title\n{line}\n1;2\n", skip_lines=1, header=["a", "b"]) == [
        ('{"a":"1","b":"2"}', None)
    ]
    assert refusal(b'sep="\na\n', "a.csv").reason == "bad_dialect"


def test_what_is_like_a_line_of_a_spreadsheet_is_data() -> None:
    assert read_anyhow("sep=;;\n1\n") == [('{"sep=;;":"1"}', None)]
    assert read_anyhow("a\nsep=;\n") == [('{"a":"sep=;"}', None)]


def test_declared_comments_are_no_data_outside_quotes() -> None:
    text = '#! "by\n\n# it\'s\na,b\n1,2\n#,"\n"3\n# text","#"\n #,4\n5,6\n#'
    assert read_anyhow(text, comment="#") == [
        ('{"a":"1","b":"2"}', None),
        ('{"a":"3\\n# text","b":"#"}', None),
        ('{"a":" #","b":"4"}', None),
        ('{"a":"5","b":"6"}', None),
    ]
    assert read_anyhow("# x\n1\n#2\n", comment="# ", header=["a"]) == [
        ('{"a":"1"}', None),
        ('{"a":"#2"}', None),
    ]


def test_comments_behind_a_quote_that_is_never_closed_are_none_either() -> None:
    assert read_anyhow('a,b\n#"\n"",1\n3,"x\n#y\n4,""\n#""\n5,6', comment="#") == [
        ('{"a":"","b":"1"}', None),
        ('3,"x', MALFORMED),
        ('{"a":"4","b":""}', None),
        ('{"a":"5","b":"6"}', None),
    ]


@pytest.mark.parametrize("comment", ["", "#"])
def test_a_header_line_that_is_repeated_is_told_as_such(comment: str) -> None:
    plain = "1,2\n" * 20
    text = f'a,b\n{plain}a,b\n{plain}"a",b\r\n\ufeffa,b\n\ufeff"a",b\nb,a\n{plain}a,b'
    found = read_anyhow(text, comment=comment)
    assert [each for each in found if each != ('{"a":"1","b":"2"}', None)] == [
        ("a,b", "repeated_header"),
        ('"a",b', "repeated_header"),
        ("\ufeffa,b", "repeated_header"),
        ('\ufeff"a",b', "repeated_header"),
        ('{"a":"b","b":"a"}', None),
        ("a,b", "repeated_header"),
    ]
    assert len(found) == 66
    assert read_anyhow("a,b\n1,2\n", header=["a", "b"])[0] == ("a,b", "repeated_header")


def test_an_escape_at_the_end_of_a_header_line_is_text_there() -> None:
    assert read_anyhow("a,b\\\n1,2\n", escape="\\") == [('{"a":"1","b\\\\":"2"}', None)]
    assert read_anyhow('a,"b\\""\n1,2\n', escape="\\") == [('{"a":"1","b\\"":"2"}', None)]
    assert refusal(b'a,"b\\"\n1,2\n', "a.csv", escape="\\").reason == "bad_header"


def test_names_are_made_unique_and_none_is_lost() -> None:
    assert column_names(["a", "a", "b", "a"]) == ["a", "a_2", "b", "a_3"]
    assert column_names(["a", "a", "a_2", "a_2"]) == ["a", "a_3", "a_2", "a_2_2"]
    assert column_names(["", "x", "", "column_3"]) == ["column_1", "x", "column_3_2", "column_3"]
    assert texts(b"x,x,\n1,2,3\n", "a.csv") == ['{"x":"1","x_2":"2","column_3":"3"}']


@given(st.lists(st.sampled_from(["", "a", "a_2", "a_3", "a_2_2", "column_1", "column_2", "A"])))
def test_names_are_unique_and_a_name_is_kept_by_the_first_that_has_it(header: list[str]) -> None:
    names = column_names(header)
    assert len(set(names)) == len(header)
    for name in set(header) - {""}:
        assert names[header.index(name)] == name


def test_a_line_that_is_not_utf8_is_isolated_and_its_bytes_are_kept() -> None:
    bad = b'"\xff\r\n\xe2\x82",2'
    for size in SIZES:
        with chunks_of(size):
            assert read_all("ä,b\né,1\n".encode() + bad + b"\n3,4\n5\xff\n", "a.csv") == [
                ('{"ä":"é","b":"1"}', None, None),
                (base64.b64encode(bad).decode(), "invalid_utf8", '{"encoding": "base64"}'),
                ('{"ä":"3","b":"4"}', None, None),
                (base64.b64encode(b"5\xff").decode(), "invalid_utf8", '{"encoding": "base64"}'),
            ]


def test_a_declared_escape_makes_a_quote_text_inside_quotes_only() -> None:
    text = 'a;b\n"x\\"y";"\\\\"\n"\\n";z\\"\n"p""q";\\;\n'
    assert read_anyhow(text, delimiter=";", escape="\\") == [
        ('{"a":"x\\"y","b":"\\\\"}', None),
        ('{"a":"\\\\n","b":"z\\\\\\""}', None),
        ('"p""q";\\;', MALFORMED),
    ]


def test_without_quotes_declared_a_quote_is_text() -> None:
    assert read_anyhow('a,b\n"x,y"\n', quote="") == [('{"a":"\\"x","b":"y\\""}', None)]


def test_delimiter_and_quote_may_be_any_character() -> None:
    assert read_anyhow("a§b\n«x§y«§]\n", delimiter="§", quote="«") == [
        ('{"a":"x§y","b":"]"}', None)
    ]
    assert read_anyhow("a]b\n^x]y^]1\n", delimiter="]", quote="^") == [
        ('{"a":"x]y","b":"1"}', None)
    ]


def test_a_tsv_file_keeps_commas_and_blanks() -> None:
    assert texts(b"a\tb\n1,2\t \n", "a.tsv") == ['{"a":"1,2","b":" "}']


def test_5000_columns_are_read() -> None:
    header = ",".join(f"c{number}" for number in range(5000))
    for row in (",".join(["1"] * 5000), ",".join(['"1"'] * 5000), ",".join(["1", '"1"'] * 2500)):
        (record,) = texts(f"{header}\n{row}\n".encode(), "a.csv")
        assert json.loads(record) == {f"c{number}": "1" for number in range(5000)}


@pytest.mark.slow
def test_a_field_of_50_mb_is_read() -> None:
    big = "x" * 40_000_000 + '""' * 10 + "line\n" * 2_000_000
    (record,) = texts(f'a,b\n1,"{big}"\n'.encode(), "a.csv")
    assert json.loads(record) == {"a": "1", "b": big.replace('""', '"')}


field = st.text(st.characters(codec="utf-8"), max_size=8) | st.text('a",\n\r\\', max_size=6)


@given(
    rows=st.lists(st.lists(field, min_size=3, max_size=3)),
    delimiter=st.sampled_from([",", "\t", ";"]),
    # csv.writer leaves a \r without quotes where lines end with \n, and the other way round.
    style=st.sampled_from(
        [
            (csv.QUOTE_MINIMAL, "\r\n"),
            *((csv.QUOTE_ALL, end) for end in ("\n", "\r\n", "\r")),
        ]
    ),
    size=st.integers(1, 40),
)
def test_whatever_is_written_is_read(
    rows: list[list[str]], delimiter: str, style: tuple[Any, str], size: int
) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter, quoting=style[0], lineterminator=style[1])
    writer.writerows([["a", "b", "c"], *rows])
    with chunks_of(size):
        records = texts(written.getvalue().encode(), "a.csv", delimiter=delimiter)
    assert [list(json.loads(record).values()) for record in records] == rows


@given(
    text=st.text('a",#\\\n\r', max_size=40),
    size=st.integers(1, 9),
    declared=st.fixed_dictionaries(
        {},
        optional={
            "escape": st.just("\\"),
            "comment": st.sampled_from(["#", "##", "a"]),
            "header": st.just(["a", "a#"]),
            "skip_lines": st.integers(0, 2),
        },
    ),
)
def test_any_text_is_read_the_same_in_any_chunks_and_counted_right(
    text: str, size: int, declared: dict[str, Any]
) -> None:
    content = f"x,y\nx\n{text}".encode()
    whole = outcome_of(content, declared)
    with chunks_of(size):
        assert outcome_of(content, declared) == whole
    assert independently(content, declared) == (None if isinstance(whole, str) else whole)


def outcome_of(content: bytes, declared: dict[str, Any]) -> list[Any] | str:
    """The records in the manner of the independent reader, or why the file is refused."""
    try:
        found = read(content, "a.csv", **declared)
    except UnreadableFile as error:
        return error.reason
    return [record if problem else list(json.loads(record).items()) for record, problem in found]


def independently(content: bytes, declared: dict[str, Any]) -> list[Any] | None:
    try:
        return records_of(content, "a.csv", declared)
    except Untrustworthy:
        return None
