"""The types of columns in Delta, by those that the project's YAML declares.

A stored table has columns of these types only, as every engine that reads Delta has them: string,
bigint, double, boolean, timestamp (UTC), decimal, and arrays of string.
"""

import re
from typing import Any

_TYPES = {
    "varchar": "string",
    "string": "string",
    "bigint": "long",
    "double": "double",
    "boolean": "boolean",
    "timestamp": "timestamp",
}
_DECIMAL = re.compile(r"decimal\( *\d+ *, *\d+ *\)")


def delta_type(declared: str) -> str | dict[str, Any]:
    """The type of a column in the schema of a Delta table. Raises ValueError where there is none.

    declared: as DuckDB knows it, also with a compression.
    """
    base = _base(declared)
    if base.removesuffix("[]") != base and _TYPES.get(base[:-2]) == "string":
        return {"type": "array", "elementType": "string", "containsNull": True}
    if _DECIMAL.fullmatch(base):
        return base.replace(" ", "")
    if base not in _TYPES:
        raise ValueError(f"no stored table has columns of the type {declared}")
    return _TYPES[base]


def to_delta(column: str, declared: str) -> str:
    """SQL in DuckDB for a column's values as Delta stores them: a moment has a zone there."""
    return f"{column}::timestamptz as {column}" if _base(declared) == "timestamp" else column


def from_delta(column: str, declared: str) -> str:
    """SQL in DuckDB for a column's values as the warehouse stores them."""
    return f"{column}::{_base(declared)} as {column}"


def _base(declared: str) -> str:
    return declared.partition(" using ")[0].strip().lower()
