"""SQL that writes a row as JSON text without losing a digit.

DuckDB's own `to_json` takes decimals through doubles, writes a float with the digits of a double,
and writes NaN and infinity, which JSON has not. A value beyond what its DuckDB type holds ends the
query: what it says then begins with UNSUPPORTED.
"""

from __future__ import annotations

from collections.abc import Iterable

from loader.readers.errors import UnreadableFile
from loader.readers.parquet.leaves import Leaf
from loader.readers.parquet.shapes import (
    Around,
    ListOf,
    MapOf,
    Shape,
    StructOf,
    Within,
    quoted,
)

UNSUPPORTED = "cannot be had exactly:"
# DuckDB takes twice as long to bind a lambda at each level: some 0.2 s here, minutes at 20.
_MOST_LEVELS = 12
# Between the members of an object, as arguments of concat.
_COMMA = ", ',', "
# What makes a date or a timestamp of a number, and between which numbers it does: other ones
# overflow, or are infinity.
_MOMENTS = {
    "DATE": ("make_date", 2 - 2**31, 2**31 - 2),
    "MILLIS": ("make_timestamp_ms", -9223372022400000, 9223372036854775),
    "MICROS": ("make_timestamp", -9223372022400000000, 2**63 - 2),
    "NANOS": ("make_timestamp_ns", 2 - 2**63, 2**63 - 2),
}
# Functions for the query. An INT96 is read as an INTERVAL: the low and the high half of its
# nanoseconds as months and days, its Julian day, of which 2440588 is 1970-01-01, as milliseconds
# without a sign.
MACROS = (
    """
    create macro int96_nanos(i) as (
        ((datepart('hour', i)::bigint * 3600000 + datepart('minute', i) * 60000
            + datepart('microseconds', i) // 1000 + 2147483648) % 4294967296 - 2149924236
        )::hugeint * 86400000000000
        + datepart('day', i)::hugeint * 4294967296
        + (datepart('year', i)::bigint * 12 + datepart('month', i) + 4294967296) % 4294967296
    )
    """,
    """
    create macro text_of_nanos(nanos) as (
        make_timestamp(((nanos - (nanos % 1000000000 + 1000000000) % 1000000000) // 1000)::bigint)
            ::varchar
        || case
            when nanos % 1000000000 = 0 then ''
            else rtrim('.' || lpad(
                ((nanos % 1000000000 + 1000000000) % 1000000000)::varchar, 9, '0'
            ), '0')
        end
    )
    """,
)


def members_as_json(row: StructOf) -> list[str]:
    """Expressions of type text: the members of a JSON object, one for each column of a row.

    Raises UnreadableFile 'too_deep'.
    """
    return [
        f"concat({_name(shown_as)}, {_value(quoted(name), shape, 0)})"
        for shown_as, name, shape in row.members
    ]


def has_json(shape: Shape) -> bool:
    """Whether some of its values are JSON, which is kept as it is."""
    if isinstance(shape, Leaf):
        return shape.kind == "json"
    if isinstance(shape, ListOf):
        return has_json(shape.item)
    if isinstance(shape, MapOf):
        return has_json(shape.value)
    if isinstance(shape, Within | Around):
        return has_json(shape.member)
    return any(has_json(member) for _, _, member in shape.members)


def literal(text: str) -> str:
    """The text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _name(name: str) -> str:
    """An expression for the name of a member, and the colon after it."""
    return f"to_json({_text_literal(name)})::varchar || ':'"


def _text_literal(name: str) -> str:
    # a NUL cannot stand in SQL
    return " || chr(0) || ".join(map(literal, name.split("\0")))


def _object(members: Iterable[tuple[str, str, Shape]], depth: int) -> str:
    parts = (f"{_name(name)}, {_value(value, shape, depth)}" for name, value, shape in members)
    return f"concat('{{', {_COMMA.join(parts)}, '}}')"


def _value(value: str, shape: Shape, depth: int) -> str:
    """An expression of type text, never null, for the JSON text of `value`."""
    if _is_exact(shape):
        return f"coalesce(to_json({value})::varchar, 'null')"
    if depth > _MOST_LEVELS:
        raise UnreadableFile("too_deep", f"lists stand in lists at more than {_MOST_LEVELS} levels")
    item = f"item_{depth}"
    if isinstance(shape, Leaf):
        # what is made of a null is null
        return f"coalesce({_leaf(value, shape)}, 'null')"
    if isinstance(shape, Around):
        return _object([(shape.name, value, shape.member)], depth)
    if isinstance(shape, ListOf):
        inner = _value(item, shape.item, depth + 1)
        text = _array(f"list_transform({value}, lambda {item}: {inner})")
    elif isinstance(shape, MapOf):
        inner = _value(f"{item}.value", shape.value, depth + 1)
        key = f"to_json({_plain(f'{item}.key', shape.key)})::varchar"
        member = f"{key} || ':' || {inner}"
        text = _array(f"list_transform(map_entries({value}), lambda {item}: {member})", "{}")
    elif isinstance(shape, Within):
        text = _value(f"struct_extract({value}, 'c0')", shape.member, depth)
    else:
        text = _object(
            (
                (name, f"struct_extract({value}, {literal(known_as)})", member)
                for name, known_as, member in shape.members
            ),
            depth,
        )
    return f"if({value} is null, 'null', {text})"


def _array(items: str, brackets: str = "[]") -> str:
    # With array_to_string, DuckDB would take five times as long at each level.
    joined = f"coalesce(list_aggregate({items}, 'string_agg', ','), '')"
    return f"'{brackets[0]}' || {joined} || '{brackets[1]}'"


def _leaf(value: str, leaf: Leaf) -> str:
    """The JSON text of a value, null for a null."""
    plain = _plain(value, leaf)
    if leaf.kind == "float":
        return f"if(isfinite({value}), {plain}, to_json({plain})::varchar)"
    if leaf.kind == "json":
        return f"if({_is_json(value)}, {value}, to_json({value})::varchar)"
    return plain if leaf.kind == "decimal" else f"'\"' || {plain} || '\"'"


def _plain(value: str, leaf: Leaf) -> str:
    """The text of a value, without the quotes of JSON."""
    if leaf.kind == "decimal":
        # Some files hold values with more digits than they declare; as such, DuckDB writes NULs.
        wide = f"{value}::decimal(38, {leaf.scale})"
        # A decimal without digits before its point is written without a 0 there: not JSON.
        return f"regexp_replace({wide}::varchar, '^(-?)[.]', '\\10.')"
    if leaf.kind == "interval":
        # the format's numbers have no sign, those of DuckDB do
        parts = (f"datepart('{part}', {value}) >= 0" for part in ("year", "month", "day"))
        return _if(" and ".join(parts), f"{value}::varchar", value, leaf)
    if leaf.kind == "int96":
        nanos = f"int96_nanos({value})"
        low, high = (limit * 1000 for limit in _MOMENTS["MICROS"][1:])
        return _if(f"{nanos} between {low} and {high}", f"text_of_nanos({nanos})", nanos, leaf)
    if leaf.kind in _MOMENTS:
        function, low, high = _MOMENTS[leaf.kind]
        zone = " || '+00'" if leaf.is_utc else ""
        text = f"{function}({value})::varchar{zone}"
        return _if(f"{value} between {low} and {high}", text, value, leaf)
    return f"{value}::varchar"


def _if(condition: str, text: str, value: str, leaf: Leaf) -> str:
    """The text, null where the condition is; the end of the query where it does not hold."""
    message = _text_literal(f"{UNSUPPORTED} {leaf.shown} with the value ")
    end = f"error({message} || ({value})::varchar)"
    return f"case when not ({condition}) then {end} else {text} end"


def _is_json(value: str) -> str:
    """Whether a text is JSON by RFC 8259: DuckDB takes trailing commas, NaN and infinity, too."""
    outside_texts = f"""regexp_replace({value}, '"(\\\\.|[^"\\\\])*"', '""', 'g')"""
    return (
        f"(json_valid({value}) and not "
        f"regexp_matches({outside_texts}, ',\\s*[\\]}}]|[nN][aA]|[iI][nN]'))"
    )


def _is_exact(shape: Shape) -> bool:
    """Whether `to_json` keeps every value, and every name."""
    if isinstance(shape, Leaf):
        return shape.kind == "exact"
    if isinstance(shape, ListOf):
        return _is_exact(shape.item)
    if isinstance(shape, MapOf):
        return _is_exact(shape.key) and _is_exact(shape.value)
    if isinstance(shape, StructOf):
        return all(
            name == known_as and _is_exact(member) for name, known_as, member in shape.members
        )
    return False
