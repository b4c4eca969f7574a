"""The macros of macros/dialect give the same on both engines, value by value: also where the
engines themselves read a time, a number or JSON in ways of their own."""

from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from loader.config.macros import Macros
from loader.config.project import open_project
from tests.spark.cluster import SparkCluster
from tests.support.workbench import Workbench

pytestmark = pytest.mark.spark

_TIMES = [
    *("2025-01-15T08:00:00", "2025-1-5", "2025-01-15 08:00", "2025-01-15T08:00:00.1234567"),
    *("2025-01-15T08:00:00+02:00", "2025-01-15T08:00:00 +0200", "2025-01-15t08:00:00z"),
    *("2025-01-15 08:00:00 UTC", "2025-01-15T08:00:00+02", "2025-01-15T08:00:00+14:30"),
    # hours that are none, were shown twice, or were skipped
    *("2025-01-15T24:00:00", "2025-01-15T08:00:60", "2025-01-15T08", "2025-01-15T08:00:00."),
    *("2025-10-26T02:30:00", "2025-10-26 02:30:00+01:00", "2025-10-26T01:30:00"),
    *("2025-03-30T02:30:00", "1900-01-01T00:00:00"),
    # the ends of the calendar
    *("0000-01-01", "0001-01-01", "0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-02:00"),
    *("2025-02-30", "epoch", "infinity", "", "2025", " 2025-01-15\u00a0"),
]
_NUMBERS = [
    *("1", "1.0", "-0", "+5", ".5", "5.", "1e3", "1E-3", "1_000", "+-1", "nan", "inf", "1e999"),
    *("12345678901234567890", "0.1000", "1e-400", "  7 ", "\u00a07", "7\u200b", "0x10", "1d"),
    *("100.00", "1200", "abc", "", "-.5e+2", "1e1234567890", "000.000", "9007199254740993"),
]
_JSON = [
    *('{"a":1,"b":[1,2,{"z":null}]}', '{"b":1,"a":2}', '{"a" : 1 , "b" : [ 1 , 2 ]}', "[]", "{}"),
    *("[1.0, 1.50, 1e7, 12345678901234567890, 0.1, -0, -0.0, 120000000.5]", '"text"', "1.0"),
    *('{"s":"a,b:[1]{2}\\"3\\" 4.5 true null"}', '["a:",":","\\\\",":b"]', "null", "true"),
    *('{"e":"\U0001f600 \\ud83d\\ude00 \\\\ud83d"}', '[[1,[2]],{"a":[{"b":1}]}]'),
    '{"1a":1,"a1":2,"_a":3,"a-b":4,"A":5,"a_b":6,"":7,"x y":8,"\u00e9":9,"q\\"":10,"b\\\\s":11}',
]
_VALUES = [
    *("1", "1.0", "1.50", "120000000.5", "1e7", "-0", "-0.0", "12345678901234567890", "1E+3"),
    *('"1"', '"1.0"', "true", '"true"', "null", '"null"', '{"a":1.0,"b":"x"}', "[1,2.50]"),
    *('"{\\"a\\":1}"', '"[1]"', '""', '"a\\nb\\u0001c"', '"\u00e9"', '{"b":1,"a":2}'),
    *('{"a":"\U0001f600"}', '["\\ud83d\\ude00","\\\\uD83D"]', '{"n":1.20}', '"1.5 and 2.5"'),
]
_RECORDS = [f'{{"v":{value}}}' for value in _VALUES] + ['{"w":1}', "[1]", '{"x":1.5,"v":"a.b-0"}']
_LOCAL_NUMBERS = ["1.234,5", "1.234", "12,50", "1,5", "1234,5", "1.23,4", ",5", "-1.234.567,89"]
# expressions of `value`, and the values
_CASES = {
    "parse_timestamp('value', \"'UTC'\")": _TIMES,
    "parse_timestamp('value', 'zone')": _TIMES,
    "is_ambiguous_time('value', 'zone', parse_timestamp('value', 'zone'))": _TIMES,
    # doubles are written in two ways: compared with themselves
    "parse_number('value') ~ ' = try_cast(' ~ trimmed('value') ~ ' as double)'": _NUMBERS,
    "number_by_size('value')": _NUMBERS,
    "parse_decimal('value', 'decimal(10, 2)')": _NUMBERS,
    "is_blank('value')": ["", " ", "a", "\u00a0", "\u3000", "\u200b", "\t\n", "x\u200b", "\u2800"],
    "trimmed('value')": [" a ", "\u00a0b\u3000", "c\u200d", "\u200bd", "\t\ne\r", "", "\ufefff"],
    "digest_number('value')": ["", "a", "\u00e9", "x" * 100, "\\", "\x1e:"],
    "record_digest(['value', 'cast(null as string)'])": ["", "a", "a\x1fb", "\x1e", "\u00e9"],
    "keyed_digest(\"'0f'\", 'value')": ["", "a", "\u00e9", "mia@example.org"],
    "hash_number('value')": ["", "a", "\u00e9", "evt-001"],
    "json_canonical('value')": _JSON,
    "json_canonical('value', true)": _JSON,
    "json_plain('value')": _JSON,
    "json_text('v')": _RECORDS,
    "json_text('v.n')": _RECORDS,
    "json_value('v')": _RECORDS,
    "json_member('value', 'key')": ['{"key":"k1"}', '{"key":5}', '{"key":null}', "{}"],
    "local_number('value')": _NUMBERS + _LOCAL_NUMBERS,
    "local_number('value', '.', ' ')": ["1 234.5", "1\u00a0234.5", "1234", "1,5"],
    "local_boolean('value', yes=['ja', '1'], no=['nein', '0'])": ["Ja", " nein ", "1", "x", ""],
    "local_timestamp('value', '%d.%m.%Y %H:%M')": ["15.01.2025 09:00", "31.02.2025 00:00", "x"],
    "local_timestamp('value', '%d.%m.%y')": ["15.01.25", "15.01.70", "1.1.69", "32.1.25"],
    "local_timestamp('value', '%b %d, %Y %I:%M %p')": ["Jan 5, 2025 09:00 PM", "Foo 5, 2025"],
    "local_timestamp('value', '%Y-%d-%m')": ["2025-15-01", "2025-01-15", "x"],
    "epoch_as_text('value', 'seconds')": ["1736928000.5", "-1", "x", "9" * 17, "+5", "5."],
    "epoch_as_text('value')": ["1736928000123", "1736928000123.4567", "0", ""],
    "matches('value', '^m-[0-9]+$')": ["m-1", "m-", "xm-1", "m-1x"],
}


class _SparkMacros(Macros):
    def _dispatch(self, name: str) -> Any:
        return self._known.get(f"spark__{name}") or self._known[f"default__{name}"]


def test_every_expression_is_the_same_on_both_engines(
    bench: Workbench, cluster: SparkCluster
) -> None:
    project = open_project(str(bench.database), str(bench.root / "landing"))
    known = {"dbt": SimpleNamespace(type_string=lambda: "string")}
    on_duckdb = Macros(project.root, project.vars, **known)
    on_spark = _SparkMacros(project.root, project.vars, **known)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'; create schema ops")
        for each in on_duckdb.call("functions"):
            connection.execute("create macro ops.{name}({arguments}) as ({sql})".format_map(each))
        expected = {
            expression: connection.execute(_query(on_duckdb, expression, values)).fetchall()
            for expression, values in _CASES.items()
        }
    session = cluster.session()
    differing = []
    for expression, values in _CASES.items():
        found = [tuple(row) for row in session.sql(_query(on_spark, expression, values)).collect()]
        differing += [
            f"{expression} of {values[place]!r}: DuckDB has {wanted!r}, Spark {given!r}"
            for (place, wanted), (_, given) in zip(expected[expression], found, strict=True)
            if wanted != given
        ]
    assert differing == []


def _query(macros: Macros, expression: str, values: list[str]) -> str:
    """A query for what an expression makes of each value, as text, in their order."""
    rows = ", ".join(
        f"({place}, {macros.call('sql_text', value)})" for place, value in enumerate(values)
    )
    return (
        f"select place, cast({macros.render('{{ ' + expression + ' }}')} as string) as given "
        "from (select place, value, value as record, cast(null as string) as problem, "
        f"'Europe/Berlin' as zone from (values {rows}) as given_values(place, value)) as given "
        "order by place"
    )
