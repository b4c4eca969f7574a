"""Files that senders should not send, but do: plain data, the same at each call."""

import gzip
import json
import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import duckdb
import zstandard

LINES = (
    '{"key": "k1", "name": "ä ß 😀", "value": 0.10, "ts": "2025-01-15T08:00:00"}',
    '{"key": "k2", "name": "say \\"hi\\", [ok]}", "value": 007}',
    '{"key": "k3",  "nested": {"a": [1, {"b": null}], "c": "\\\\"}}',
)
Contents = dict[str, str | bytes]
NDJSON = "".join(f"{line}\n" for line in LINES)
ARRAY = "[\n  " + ",\n  ".join(LINES) + "\n]\n"
CSV = 'id,name,note\n1,ä ß,"a ""quoted"", note"\n2,"two\nlines",\n007,0.10,""\n'


@dataclass(frozen=True)
class HostileFile:
    """A file to land.

    format: the settings that its source declares.
    expect: what must become of it; 'either' where damage was done at random.
    """

    name: str
    content: bytes
    expect: Literal["landed", "quarantined", "either"]
    format: dict[str, str] = field(default_factory=dict)


def hostile_files(mutations: int) -> Iterator[HostileFile]:
    """All of them, and so many valid files with random damage."""
    yield from _named_files()
    yield from _mutations(mutations)


def endless_line(size: int) -> Iterator[HostileFile]:
    """One line of so many bytes, in each format."""
    value = b"x" * size
    yield HostileFile("endless.ndjson", b'{"key": "' + value + b'"}\n{"key": "k2"}\n', "landed")
    yield HostileFile("endless.json", b'[{"key": "' + value + b'"},{"key": "k2"}]', "landed")
    yield HostileFile("endless.csv", b'id,n\n1,"' + value + b'"\n2,x\n', "landed")


def _named_files() -> Iterator[HostileFile]:
    landed: tuple[Contents, ...] = (_ENCODED, _CSV, _NDJSON, _JSON, _packed(), {**_parquet()})
    refused = (_REFUSED, _refused_packed(), _refused_parquet())
    for name, content in chain.from_iterable(files.items() for files in landed):
        yield HostileFile(name, _bytes(content), "landed")
    for name, content in chain.from_iterable(files.items() for files in refused):
        yield HostileFile(name, _bytes(content), "quarantined")
    for number, name in enumerate(NAMES):
        yield HostileFile(name, f'{{"key": "name {number}"}}\n'.encode(), "landed")
    for name, (data, settings) in _DECLARED.items():
        yield HostileFile(name, data, "landed", settings)
    for name, (data, settings) in _REFUSED_DECLARED.items():
        yield HostileFile(name, data, "quarantined", settings)


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


# ----------------------------------------------------------------------------------------- encoding

_ENCODED: Contents = {
    "bom.csv": "\ufeff" + CSV,
    "bom.ndjson": "\ufeff" + NDJSON,
    "bom.json": "\ufeff" + ARRAY,
    "bom only.csv": "\ufeff",
    "bom only.json": "\ufeff",
    "bom twice.csv": "\ufeff\ufeff" + CSV,
    "bom in the middle.ndjson": NDJSON + "\ufeff" + NDJSON,
    "bom in the middle.csv": CSV + "\ufeff" + CSV,
    "bom in the middle.json": '[{"a": "\ufeff"}, \ufeff{"a": 1}]',
    "utf-16 little.csv": b"\xff\xfe" + CSV.encode("utf-16-le"),
    "utf-16 big.csv": b"\xfe\xff" + CSV.encode("utf-16-be"),
    "utf-16 little.ndjson": b"\xff\xfe" + NDJSON.encode("utf-16-le"),
    "utf-16 big.json": b"\xfe\xff" + ARRAY.encode("utf-16-be"),
    "utf-16 with line ends inside characters.csv": "id,name\n1,\u0a0d\u0d0a\n".encode("utf-16"),
    "utf-16 without mark.ndjson": NDJSON.encode("utf-16-le"),
    "utf-32 little.csv": b"\xff\xfe\0\0" + CSV.encode("utf-32-le"),
    "utf-32 big.ndjson": b"\0\0\xfe\xff" + NDJSON.encode("utf-32-be"),
    "no utf-8.ndjson": b'{"a": "\xff"}\n{"a": "caf\xe9"}\n\xff\n' + NDJSON.encode(),
    "no utf-8.csv": b"id,name\n1,caf\xe9\n2,ok\n\xff,x,y\n" + '3,"ä\n'.encode(),
    "no utf-8.json": b'[{"a": "\xff"}, {"a": "ok"}, \xfe]',
    "overlong.ndjson": b'{"a": "\xc0\xaf"}\n{"a": "\xe0\x80\xaf"}\n{"a": "\xf8\x88\x80\x80\x80"}\n',
    "surrogates as utf-8.ndjson": b'{"a": "\xed\xa0\x80"}\n{"a": "\xed\xb2\x80\xed\xa0\xbd"}\n',
    "beyond unicode.ndjson": b'{"a": "\xf4\x90\x80\x80"}\n',
    "cut in a character.ndjson": NDJSON.encode() + b'{"a": "\xf0\x9f\x98',
    "nul.ndjson": b'{"a": "\0"}\n\0\n{"a": 1}\0\n\0{"a": 2}\n',
    "nul.csv": b"id,na\0me\n1,a\0b\n\0,\0\n",
    "nul.json": b'[{"a": "\0"}, \0, {"a": 1}]',
    "only nul.csv": b"\0" * 100,
    "control characters.ndjson": b'{"a": "\1"}\n\1\n{"a": "\x1b[2J\x7f"}\n\x1a\n',
    "control characters.csv": b"id\1,name\n1,\1\n\x1a\n\x1b[2J,\x08\n",
    "line separators.ndjson": '{"a": "\u2028\u2029\x85"}\n\u2028\n\x0b\n\x0c\n\x85\n\x1c\x1d\x1e\n',
    "line separators.csv": "id\u2028,na\x85me\n1\x0b,2\x0c\n\x1c\x1d,\x1e\n\u2029,\x85\n\x0c\n",
    "line separators.json": '[{"a": "\u2028\x0b\x0c\x85"}\n, \u2028, \x0c, {"a": 1}]',
    "odd spaces.ndjson": "\u00a0\n\u3000\n\u200b\n \t\n" + NDJSON,
}

# ---------------------------------------------------------------------------------------------- CSV

_CSV: Contents = {
    "valid.csv": CSV,
    "valid.tsv": 'id\tname\n1\ta,b\n2\t"tab\there"\n',
    "CAPITALS.CSV": CSV + "3,x,y\n",
    "empty.csv": "",
    "header only.csv": "id,name\n",
    "header only without line end.csv": "id,name",
    "blank lines only.csv": "\n\r\n\r\r\n",
    "white space only.csv": "  \n\t\n \n",
    "crlf.csv": CSV.replace("\n", "\r\n"),
    "lone cr.csv": "id,name\r1,a\r2,b",
    "lone cr within quotes.csv": 'id,name\r1,"a\rb\r\nc"\r2,b\r',
    "mixed line ends.csv": 'id,name\r\n1,a\n2,b\r3,c\n\r4,d\r\r\n5,"e\r"\n\n6,f',
    "crlf that ends the file.csv": "id,name\n1,a\r",
    "embedded line ends and quotes.csv": 'id,name\n1,"a\n""b"",\r\n\n""\n"\n2,""""\n3,""""""\n',
    "quote in the header.csv": 'id,na"me\n1,2\n3,4"\n',
    "quoted header.csv": '"id","a ""b"", c","two\nlines"\n1,2,3\n',
    "unclosed quote.csv": 'id,name\n1,"a\n2,b\n3,c\n',
    "unclosed quote at the end.csv": 'id,name\n1,a\n2,"b',
    "only an open quote.csv": 'id\n"',
    "quote closed and another not.csv": 'id,name\n1,"a\nb","c\n2,d\n"3","e"\n4,"f ""\n',
    "unclosed quote after a line end in quotes.csv": 'id,name\n"1\n2","x\n3,y\n',
    "text after a quote.csv": 'id,name\n"1"x,2\n"3" ,4\n5,"6"7"8"\n"a"b,"c\nd"\n9,10\n',
    "quotes in unquoted fields.csv": 'id,name\n1,5" disk\n2,a""b\n3, "x"\n4,"\n5,"""\n',
    "quoted empty.csv": 'id,name\n"",""\n,\n"",\n',
    "delimiters only.csv": ",,\n,,\n,,\n,\n,,,\n",
    "one column.csv": 'id\n1\n\n2\n""\n\n" "\n \n\r\n3',
    "ragged.csv": "id,name\n1\n1,2,3\n1,2\n1,2,\n,\n",
    "repeated names.csv": "a,a,a_2,,,column_4,a,A\n1,2,3,4,5,6,7,8\n",
    "empty names.csv": ',"",\n1,2,3\n',
    "odd names.csv": '*,$,"a.b","x""y",\\,[0],\' or 1=1,__proto__,%s,{}\n1,2,3,4,5,6,7,8,9,0\n',
    "long name.csv": f"id,{'n' * 1_000_000}\n1,2\n",
    "five thousand columns.csv": "\n".join(
        ",".join(f"{letter}{number}" for number in range(5_000)) for letter in "cvw"
    ),
    "five thousand values too many.csv": f"id,name\n1{',x' * 5_000}\n2,y\n",
    "spaces.csv": "id , name\n 1 ,  two  \n\t3\t,4 \n",
    "what looks like JSON.csv": 'id,doc\n1,"{""a"": 1}"\n2,{}\n3,\\u0041\\\n',
    "numbers.csv": "id,n\n007,0.1\n1e5,123456789012345678901234567890\n-0,9007199254740993\nNaN,\n",
    "percent and braces.csv": "%s,%(a)s,{0}\n%d,%%,{}\n",
    "separator line of a spreadsheet.csv": "sep=;\nid;name\n1;2\n",
    "separator line in quotes.csv": '"SEP=\t"\r\nid\tname\r\n1\t"a\tb"\r\n',
    "separator that is an apostrophe.csv": "sep='\nid;name\n1;2\n",
    "separator line only.csv": "sep=;",
    "header repeated.csv": 'id,name\n1,a\nid,name\n"id",name\n\ufeffid,name\n2,b\nname,id\n',
    "header repeated in one column.csv": "id\nid\n1\nid",
    "semicolons that nobody declared.csv": "id;name\n1;2,5\n2;3\n",
    "formula.csv": "id,name\n1,=cmd|' /C calc'!A0\n2,@SUM(1)\n",
    "footer.csv": "id,name\n1,a\n-- 1 row --\n",
}

# --------------------------------------------------------------------------------------------- JSON

_DEEP = 10_000
_ODD_FIELDS = ("", "*", "$", "a.b", 'a"b', "\\", "[0]", "#", "'; --", "\0", "\n", "é", "$.*", "?")
_NDJSON: Contents = {
    "valid.ndjson": NDJSON,
    "valid.jsonl": NDJSON.rstrip("\n"),
    "empty.ndjson": "",
    "white space only.ndjson": " \n\t\n\r\n \r\r\n   ",
    "crlf.ndjson": NDJSON.replace("\n", "\r\n"),
    "lone cr.ndjson": NDJSON.replace("\n", "\r"),
    "mixed line ends.ndjson": '{"a": 1}\r\r\n{"a": 2}\n\r{"a": 3}\r\n{"a": 4}\r',
    "blank lines.ndjson": "\n\n" + NDJSON.replace("\n", "\n\n \n"),
    "two on a line.ndjson": '{"a": 1}{"a": 2}\n{"a": 1} {"a": 2}\n{"a": 1}, {"a": 2}\n',
    "trailing commas.ndjson": '{"a": 1},\n{"a": 1,}\n{"a": [1,]}\n',
    "an array by lines.ndjson": "[\n" + ",\n".join(LINES) + "\n]\n",
    "an array on each line.ndjson": '[{"a": 1}]\n[]\n[1, [2]]\n',
    "scalars.ndjson": '1\n"text"\nnull\ntrue\n-0\n""\n',
    "not json.ndjson": "key=value\n<html>\n# comment\n{'a': 1}\n{a: 1}\n",
    "cut.ndjson": NDJSON + '{"key": "k4", "na',
    "numbers.ndjson": (
        '{"a": 123456789012345678901234567890}\n{"a": 9007199254740993}\n{"a": 007}\n'
        '{"a": 0.10}\n{"a": 1E5}\n{"a": -0}\n{"a": 1e999}\n{"a": 18446744073709551616}\n'
        f'{{"a": 0.{"1" * 400}}}\n{{"a": {"9" * 5_000}}}\n'
    ),
    "not numbers.ndjson": '{"a": NaN}\n{"a": Infinity}\n{"a": -Infinity}\n{"a": +1}\n{"a": .5}\n',
    "repeated keys.ndjson": '{"a": 1, "a": 2}\n{"a": {"b": 1, "b": 2}, "A": 3}\n',
    "odd fields.ndjson": "".join(f"{json.dumps({name: 1})}\n" for name in _ODD_FIELDS),
    "many fields.ndjson": json.dumps({f"f{number}": number for number in range(2_000)}),
    "a field of its own in each record.ndjson": "".join(
        f'{{"f{number}": 1}}\n' for number in range(3_000)
    ),
    "long field name.ndjson": json.dumps({"n" * 1_000_000: 1}),
    "surrogate escapes.ndjson": (
        '{"a": "\\ud800"}\n{"\\udfff": 1}\n{"a": "\\ude00\\ud83d"}\n{"a": "\\ud83d\\ude00"}\n'
    ),
    "escapes.ndjson": '{"\\u0061": "\\u0000\\/\\b"}\n{"a": "\\x"}\n{"a": "\\u12"}\n{"a": "\\',
    "deep arrays.ndjson": f'{{"a": {"[" * _DEEP}{"]" * _DEEP}}}\n{{"a": 1}}\n',
    "deep objects.ndjson": '{"a":' * _DEEP + "1" + "}" * _DEEP + "\n" + '{"a": 1}\n',
    "deep and never closed.ndjson": "[" * _DEEP + "\n" + '{"a":' * _DEEP + "\n",
}
_JSON: Contents = {
    "valid.json": ARRAY,
    "empty.json": "",
    "white space only.json": " \r\n\t ",
    "empty array.json": "[]",
    "empty array in white space.json": "\n [ \t ] \r\n",
    "object instead of an array.json": LINES[0],
    "objects one after the other.json": "".join(LINES),
    "objects by lines.json": NDJSON,
    "scalars.json": '[1, "text, ]", null, true, -0.10, ""]',
    "arrays of arrays.json": '[[1, [2, "]"]], [], [[[]]], [{"a": "["}]]',
    "brackets in strings.json": '[{"a": "]}, {["}, {"b": "\\"]"}, {"c": "\\\\"}, "[{"]',
    "bad element in the middle.json": '[{"a": 1}, {bad}, nul, {"a": 2,}, 1 2, {"a": 3}]',
    "empty elements.json": '[{"a": 1},, {"a": 2},]',
    "only commas.json": "[,,]",
    "line ends in strings.json": '[{"a": "two\nlines"}, {"a": "\t"}]',
    "crlf.json": ARRAY.replace("\n", "\r\n"),
    "numbers.json": "[{}, 123456789012345678901234567890, 9007199254740993, 007, 0.10, 1e999]",
    "very long number.json": f'[{"9" * 100_000}, {{"a": {"9" * 100_000}}}]',
    "not numbers.json": '[NaN, Infinity, -Infinity, {"a": NaN}]',
    "repeated keys.json": '[{"a": 1, "a": 2}]',
    "surrogate escapes.json": '["\\ud800", {"a": "\\udc00"}]',
    "deep.json": f'[{"[" * _DEEP}{"]" * _DEEP}, {{"a": 1}}]',
    "deep objects.json": '[{"b": 0}, ' + '{"a":' * _DEEP + "1" + "}" * _DEEP + "]",
    "comments.json": '[{"a": 1} /* no */, // no\n {"a": 2}]',
    "many small.json": f"[{'0,' * 60_000}0]",
}

# ------------------------------------------------------------------------------------------ refused

_REFUSED: Contents = {
    "no format": "x",
    "sheet.xlsx": "PK\3\4",
    "two endings.csv.bak": CSV,
    "compressed otherwise.csv.bz2": "BZh9",
    "unclosed quote in the header.csv": 'id,"name\n1,2\n3,4\n',
    "text after a quote in the header.csv": '"id"x,name\n1,2\n',
    "header that is no utf-8.csv": b"id,caf\xe9\n1,2\n",
    "utf-16 cut in a character.csv": b"\xff\xfe" + CSV.encode("utf-16-le")[:-1],
    "utf-16 with half a pair.ndjson": b"\xff\xfe" + '{"a": "'.encode("utf-16-le") + b"\0\xd8",
    "utf-32 beyond unicode.ndjson": b"\xff\xfe\0\0\0\0\x11\0",
    "error page.json": "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
    "text.json": '"text"',
    "number.json": "5",
    "null.json": "null",
    "opening bracket.json": "[",
    "closing bracket.json": "]",
    "opening brace.json": "{",
    "closing brace.json": "}",
    "truncated array.json": ARRAY.rstrip()[:-1],
    "truncated in a record.json": ARRAY[: len(ARRAY) // 2],
    "truncated in a string.json": '[{"a": "x',
    "truncated after a backslash.json": '[{"a": "\\',
    "truncated object.json": '{"a": {"b": 1}',
    "wrong brackets.json": '[{"a": [1}, {"a": 2]]',
    "too many brackets.json": '[{"a": 1}]]',
    "two arrays.json": "[1][2]",
    "content after the array.json": '[{"a": 1}] x',
    "object and then an array.json": '{"a": 1}[2]',
    "objects with commas.json": '{"a": 1},{"a": 2}',
    "deep and never closed.json": "[" * _DEEP,
    "nul.json.json": "\0[]",
}


def _packed() -> Contents:
    frame = zstandard.ZstdCompressor(write_checksum=True).compress(ARRAY.encode())
    half = len(NDJSON) // 2
    # a source knows a file by its content, however it is packed, and there are few sources
    twice, thrice = NDJSON * 2, NDJSON * 3
    return {
        "valid.csv.gz": gzip.compress(CSV.encode(), mtime=0),
        "valid.json.zst": frame,
        "CAPITALS.NDJSON.GZ": gzip.compress(NDJSON.encode(), 1, mtime=0),
        "utf-16.csv.gz": gzip.compress(CSV.encode("utf-16"), mtime=0),
        "several members.ndjson.gz": b"".join(
            gzip.compress(part.encode(), mtime=0)
            for part in ("", twice[:half], "", twice[half:], "")
        ),
        "several frames.ndjson.zst": b"".join(
            zstandard.compress(part.encode()) for part in (thrice[:half], "", thrice[half:])
        ),
        "padded with zeros.csv.gz": gzip.compress(f"{CSV}7,a,b\n".encode(), mtime=0) + b"\0" * 99,
        "blank inside.csv.gz": gzip.compress(b"\n\n", mtime=0),
        "blank inside.json.zst": zstandard.compress(b" \n"),
        "bomb.ndjson.gz": gzip.compress(b" " * (32 << 20) + b"\n" + NDJSON.encode(), mtime=0),
    }


def _refused_packed() -> Contents:
    packed = gzip.compress(NDJSON.encode() * 9, mtime=0)
    frame = zstandard.ZstdCompressor(write_checksum=True).compress(NDJSON.encode() * 9)
    return {
        "truncated.ndjson.gz": packed[:-9],
        "truncated in the end mark.ndjson.gz": packed[:-1],
        "wrong crc.ndjson.gz": packed[:-8] + bytes(4) + packed[-4:],
        "wrong length.ndjson.gz": packed[:-4] + bytes(4),
        "garbage behind.ndjson.gz": packed + b"garbage",
        "cut second member.ndjson.gz": packed + packed[:20],
        "not packed.ndjson.gz": NDJSON,
        "not gzip but deflate.ndjson.gz": zlib.compress(NDJSON.encode()),
        "packed twice.csv.gz": gzip.compress(gzip.compress(CSV.encode(), mtime=0), mtime=0),
        "empty.csv.gz": "",
        "empty.ndjson.zst": "",
        "truncated.ndjson.zst": frame[:-1],
        "truncated early.ndjson.zst": frame[:9],
        "wrong checksum.ndjson.zst": frame[:-4] + bytes(4),
        "garbage behind.ndjson.zst": frame + b"garbage",
        "not packed.ndjson.zst": NDJSON,
    }


# ------------------------------------------------------------------------------------------ Parquet

_NO_COLUMNS = bytes.fromhex("1502 191c 4804726f6f74 1500 00 1600 190c 00")


@cache
def _parquet() -> dict[str, bytes]:
    """Valid ones, as DuckDB writes them, with fields that few other tables have."""
    nested = (
        "{'a': [1, null, 3], 'b': {'c': [{'d': 'x'}, null]}, 'e': [[1.10::decimal(4, 2)], []]} as s"
    )
    queries = {
        "nested.parquet": f"select {nested}, map {{'k': 1, '': null}} as m, []::int[] as none",
        "decimals.parquet": (
            "select 1.10::decimal(10, 2) as a, "
            "-12345678901234567890.123456789012345678::decimal(38, 18) as b, "
            "0.10::decimal(2, 2) as c, 9007199254740993 as d, 18446744073709551615::ubigint as e"
        ),
        "times.parquet": (
            "select timestamp '2025-01-15 08:00:00.25' as a, date '0001-01-01' as b, "
            "timestamptz '2025-01-15 08:00:00+02' as c, time '23:59:59.999999' as d, "
            "timestamp '1582-10-04 00:00:00' as e"
        ),
        "bytes.parquet": "select '\\xAA\\x00\\x22\\x5Ca '::blob a, ''::blob b, null::blob c",
        "texts.parquet": (
            "select 'a\"\\' || chr(10) || chr(0) || chr(8232) || '😀' as text, '' as empty, "
            "null as nothing"
        ),
        "doubles.parquet": (
            "select * from (values (0.1::double), (1e300), ('nan'), ('-inf'), (-0.0)) as t(a)"
        ),
        "odd names.parquet": (
            'select 1 as """; drop table x; --", 2 as "a.b", 3 as "*", 4 as "\'", '
            '5 as "\\", 6 as " "'
        ),
        "no rows.parquet": "select 1 as a, 'x' as b where false",
        "several row groups.parquet": (
            "select i as a, 'row ' || i as b from range(10000) as t(i) order by i"
        ),
    }
    files: dict[str, bytes] = {}
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, query in queries.items():
            path = Path(folder, "t.parquet")
            connection.execute(f"copy ({query}) to '{path}' (format parquet, row_group_size 2048)")
            files[name] = path.read_bytes()
    files["packed.parquet.gz"] = gzip.compress(files["decimals.parquet"], mtime=0)
    return files


def _refused_parquet() -> Contents:
    whole = _parquet()["nested.parquet"]
    footer = int.from_bytes(whole[-8:-4], "little")
    return {
        "empty.parquet": b"",
        "marks only.parquet": b"PAR1PAR1",
        "text.parquet": CSV,
        "truncated.parquet": whole[:-20],
        "without its head.parquet": whole[4:],
        "no columns.parquet": b"PAR1" + _NO_COLUMNS + bytes([len(_NO_COLUMNS), 0, 0, 0]) + b"PAR1",
        "footer longer than the file.parquet": whole[:-8] + b"\xff\xff\xff\x7fPAR1",
        "footer of zeros.parquet": whole[: -8 - footer] + bytes(footer) + whole[-8:],
        "encrypted.parquet": b"PARE" + whole[4:-4] + b"PARE",
    }


# ------------------------------------------------------------------------------ settings and names

_DECLARED: dict[str, tuple[bytes, dict[str, str]]] = {
    "latin.csv": ("id,name\n1,Käse\x85\n".encode("latin-1"), {"encoding": "latin-1"}),
    "windows.csv": ("id,name\n1,5 € „x“\n".encode("cp1252"), {"encoding": "cp1252"}),
    "japan.ndjson": ('{"a": "表ソ能"}\n'.encode("shift_jis"), {"encoding": "shift_jis"}),
    "host.csv": ("id,name\n1,A\n".encode("cp037"), {"encoding": "cp037"}),
    "big.json": ('[{"a": "ä"}]'.encode("utf-16-be"), {"encoding": "utf-16-be"}),
    "no order.csv": ("id,name\n1,ö\n".encode("utf-16-le"), {"encoding": "utf-16"}),
    "mark.csv": ("\ufeffid,name\n1,ü\n".encode(), {"encoding": "latin-1"}),
    "lines.dat": (b'{"a": 1}\n{"a": 2}\n', {"kind": "ndjson"}),
    "bars.txt.gz": (
        gzip.compress(b"a|b\n1|2,5\n", mtime=0),
        {"kind": "csv", "delimiter": "|"},
    ),
    "ones.csv": (b"a\x01b\n1\x01'2\x013'\n", {"delimiter": "\x01", "quote": "'"}),
    "unquoted.csv": (b'a,b\n1,"2\n3,4"\n"', {"quote": ""}),
    "escaped.csv": (b'a,b\n1,"2 \\" \\\\"\n3,"4 \\n ""5"""\n6,"\\\n', {"escape": "\\"}),
    "stars.csv": (b"a*b\n1*.2.\n", {"delimiter": "*", "quote": "."}),
}
_REFUSED_DECLARED: dict[str, tuple[bytes, dict[str, str]]] = {
    "not windows.csv": (b"id,name\n1,\x81\n", {"encoding": "cp1252"}),
    "unknown.csv": (b"id,name\n1,2\n", {"encoding": "klingon"}),
    "codec.csv": (b"id,name\n1,3\n", {"encoding": "zip"}),
    "odd.kind": (b'{"a": 1}\n{"a": 3}\n', {"kind": "yaml"}),
    "wide.csv": (b"a||b\n1||2\n", {"delimiter": "||"}),
    "same.csv": (b"a,b\n1,9\n", {"delimiter": '"'}),
}

NAMES = (
    "*.ndjson",
    "[a-z]?{b,c}.ndjson",
    "~.ndjson",
    "'quoted'; drop table raw.app; --.ndjson",
    'double "quotes".ndjson',
    "  spaces  .ndjson",
    "two\nlines\r.ndjson",
    "tab\t\x1b[2J\x07.ndjson",
    "emoji 😀 e\u0301 \u202e.ndjson",
    "up..down.ndjson",
    "up\\..\\windows.ndjson",
    "%2e%2e%2f.ndjson",
    "$(touch x)`touch x`.ndjson",
    "{{ 1 % 0 }}{% raw %}.ndjson",
    "-rf.ndjson",
    "a:b:1.ndjson",
    "NUL.ndjson",
    "no utf-8 \udcff\udc80.ndjson",
    "x" * 240 + ".ndjson",
)

# ---------------------------------------------------------------------------------------- mutations

_TELLING = b'"\\[]{},:\n\r\t \0\xff\xc3\xed\xa4'


def _mutations(count: int) -> Iterator[HostileFile]:
    rng = random.Random(20250115)
    valid = {
        "a.json": ARRAY.encode(),
        "a.ndjson": NDJSON.encode(),
        "a.csv": CSV.encode(),
        "b.csv": CSV.encode("utf-16"),
        "b.csv.gz": gzip.compress(CSV.encode() * 3, mtime=0),
        "b.json.zst": zstandard.compress(ARRAY.encode()),
        "c.json": NDJSON.encode(),
        "c.csv": ('id,name,note\r\n1,"two\r\nlines","a""b"\r\n2,x,"\r""\n"\r\n' * 2).encode(),
        "a.parquet": _parquet()["texts.parquet"],
        "b.parquet": _parquet()["bytes.parquet"],
    }
    seen = {file.content for file in _named_files()} | set(valid.values())
    for number in range(count):
        name = list(valid)[number % len(valid)]
        content = valid[name]
        while content in seen:
            for _ in range(rng.choice((1, 1, 2, 5))):
                content = rng.choice(_DAMAGES)(content, rng)
        seen.add(content)
        yield HostileFile(f"{number:05} {name}", content, "either")


def _truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randint(0, len(content))]


def _flip_byte(content: bytes, rng: random.Random) -> bytes:
    at = rng.randint(0, len(content))
    byte = rng.choice(_TELLING) if rng.random() < 0.7 else rng.randrange(256)
    return content[:at] + bytes([byte]) + content[at + 1 :]


def _duplicate_slice(content: bytes, rng: random.Random) -> bytes:
    start, end = _slice(content, rng)
    return content[:end] + content[start:]


def _delete_slice(content: bytes, rng: random.Random) -> bytes:
    start, end = _slice(content, rng)
    return content[:start] + content[end:]


def _slice(content: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randint(0, len(content))
    return start, min(start + rng.choice((1, 2, 8, 40)), len(content))


_DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _truncate,
    _flip_byte,
    _flip_byte,
    _duplicate_slice,
    _delete_slice,
)
