"""SQL that writes a row as JSON text without losing a digit.

DuckDB's own `to_json` takes decimals through doubles, writes a float with the digits of a double,
reformats JSON columns, and writes NaN and infinity, which JSON has not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from loader.readers.errors import UnreadableFile

# DuckDB takes twice as long to bind a lambda at each level: some 0.2 s here, minutes at 20.
_MOST_LEVELS = 12


def row_as_json(columns: Iterable[tuple[str, str, Any]]) -> str:
    """An expression of type text: a JSON object of these columns, in this order.

    columns: name in the object, name in the query, DuckDB type. Raises UnreadableFile 'too_deep'.
    """
    return _object((shown_as, _identifier(name), kind) for shown_as, name, kind in columns)


def _object(members: Iterable[tuple[str, str, Any]]) -> str:
    parts = ["'{'"]
    for number, (name, value, kind) in enumerate(members):
        comma = "," if number else ""
        parts += [f"'{comma}' || to_json({literal(name)})::varchar || ':'", _value(value, kind)]
    return f"concat({', '.join(parts)}, '}}')"


def _value(value: str, kind: Any, depth: int = 0) -> str:
    """An expression of type text, never null, for the JSON text of `value`."""
    if _is_exact(kind):
        return f"coalesce(to_json({value})::varchar, 'null')"
    if depth > _MOST_LEVELS:
        raise UnreadableFile("too_deep", f"lists stand in lists at more than {_MOST_LEVELS} levels")
    item = f"item_{depth}"
    if kind.id in ("float", "double"):
        text = f"if(isfinite({value}), {value}::varchar, to_json({value}::varchar)::varchar)"
    elif kind.id == "decimal":
        # Some files hold values with more digits than they declare; as such, DuckDB writes NULs.
        wide = f"{value}::decimal(38, {dict(kind.children)['scale']})"
        # A decimal without digits before its point is written without a 0 there: not JSON.
        text = f"regexp_replace({wide}::varchar, '^(-?)[.]', '\\10.')"
    elif str(kind) == "JSON":
        text = f"if(json_valid({value}), {value}::varchar, to_json({value}::varchar)::varchar)"
    elif kind.id in ("list", "array"):
        child = dict(kind.children)["child"]
        text = _array(f"list_transform({value}, lambda {item}: {_value(item, child, depth + 1)})")
    elif kind.id == "map":
        inner = _value(f"{item}.value", dict(kind.children)["value"], depth + 1)
        member = f"to_json({item}.key::varchar)::varchar || ':' || {inner}"
        text = _array(f"list_transform(map_entries({value}), lambda {item}: {member})", "{}")
    else:
        text = _object(
            (name, f"struct_extract({value}, {literal(name)})", child)
            for name, child in kind.children
        )
    return f"if({value} is null, 'null', {text})"


def _array(items: str, brackets: str = "[]") -> str:
    # With array_to_string, DuckDB would take five times as long at each level.
    joined = f"coalesce(list_aggregate({items}, 'string_agg', ','), '')"
    return f"'{brackets[0]}' || {joined} || '{brackets[1]}'"


def _is_exact(kind: Any) -> bool:
    """Whether `to_json` keeps every value of the type."""
    if str(kind) == "JSON":
        return False
    if kind.id in ("list", "array", "map", "struct"):
        return all(_is_exact(child) for name, child in kind.children if name != "key")
    return kind.id not in ("float", "double", "decimal")


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """The text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
