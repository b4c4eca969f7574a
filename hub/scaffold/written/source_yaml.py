"""The text of a source's YAML: the dbt source, its settings, its adapter, golden rows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.scaffold.written.literals import quoted, yaml_text

_STRING_OR_BREAK = re.compile(r'("(?:[^"\\]|\\.)*")|\s*\n\s*')
_TAG = re.compile(r"\{[{%#]")
# A record of more characters is shown only where there is no shorter one.
_LONGEST_ROW = 600


@dataclass(frozen=True)
class GoldenRow:
    """A record of the sample, and what its adapter gives for each column."""

    record: str
    values: Mapping[str, str | None]


def yaml_path(source: str) -> str:
    """The file of a source's YAML, from the project's folder."""
    return f"models/staging/{source}/{source}.yml"


def yaml_text_of(
    source: str,
    entity: str,
    kind: str,
    settings: Mapping[str, Any],
    columns: Sequence[str],
    rows: Sequence[GoldenRow],
) -> str:
    """The text of the YAML.

    kind: what its files are: CSV, NDJSON ...   settings: what stands under `meta`.
    """
    meta = ["          meta:", *_settings(settings)] if settings else []
    given = [
        f"          - {{load_id: 1, row_number: {number}, record: {_record(row.record)}}}"
        for number, row in enumerate(rows, start=1)
    ]
    expected = [
        f"        - {{row_number: {number}, problem: null, {_values(columns, row.values)}}}"
        for number, row in enumerate(rows, start=1)
    ]
    last = len(rows) + 1
    lines = [
        "sources:",
        "  - name: raw",
        "    schema: raw",
        "    tables:",
        f"      - name: {source}",
        f"        description: {_sentence(entity)} of {source} as {kind}. "
        "One row per record, verbatim.",
        "        config:",
        *meta,
        "          loaded_at_query: select max(landed_at) from raw.loads "
        f"where source = '{source}' and rows > 0",
        "          freshness:",
        "            warn_after: {count: 7, period: day}",
        "",
        "models:",
        f"  - name: stg_{source}__{entity}",
        f"    description: The {entity} of {source} in the shape of the contract, as text. "
        "One row per record.",
        "    config:",
        f"      tags: [{entity}]",
        "",
        "unit_tests:",
        f"  - name: {source}_speaks_the_shape_of_{entity}",
        f"    description: Golden rows of {source}; a record that could not be read has no values.",
        f"    model: stg_{source}__{entity}",
        "    given:",
        f"      - input: source('raw', '{source}')",
        "        format: dict",
        "        rows:",
        *given,
        f"          - {{load_id: 1, row_number: {last}, record: '{{\"cut', "
        "problem: malformed_json}",
        "    expect:",
        "      rows:",
        *expected,
        f"        - {{row_number: {last}, problem: malformed_json, {_values(columns, {})}}}",
    ]
    return "\n".join(lines) + "\n"


def golden_rows(
    texts: Sequence[str],
    columns: Sequence[str],
    adapted: Sequence[Sequence[str | None]],
    most: int = 3,
) -> list[GoldenRow]:
    """The records that show the adapter at work: the first, and those that fill columns which the
    ones before left empty, or fill fewer. dbt would take some texts for Jinja: those are left out.

    adapted: what the adapter gives for each of the texts.
    """
    candidates = [
        GoldenRow(text, dict(zip(columns, values, strict=True)))
        for text, values in zip(texts, adapted, strict=True)
        if not any(_TAG.search(part) for part in (text, *filter(None, values)))
    ]
    short = [row for row in candidates if len(row.record) <= _LONGEST_ROW]
    candidates = short or sorted(candidates, key=lambda row: len(row.record))[:1]
    chosen: list[GoldenRow] = []
    seen: set[frozenset[str]] = set()
    for row in candidates:
        filled = frozenset(name for name, value in row.values.items() if value not in (None, ""))
        if len(chosen) < most and filled not in seen:
            seen.add(filled)
            chosen.append(row)
    return chosen


def _sentence(entity: str) -> str:
    return entity[:1].upper() + entity[1:].replace("_", " ")


def _settings(settings: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, value in settings.items():
        if name == "fields":
            lines += ["            fields:"]
            lines += [f"              {yaml_text(field)}: {kind}" for field, kind in value.items()]
        else:
            lines.append(f"            {name}: {_flow(value)}")
    return lines


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{name}: {_flow(each)}" for name, each in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    return str(value) if isinstance(value, int) else yaml_text(value)


def _record(text: str) -> str:
    """A record on one line: line ends between its members are left out."""
    return quoted(_STRING_OR_BREAK.sub(lambda found: found[1] or "", text))


def _values(columns: Sequence[str], values: Mapping[str, str | None]) -> str:
    return ", ".join(
        f"{name}: {'null' if (value := values.get(name)) is None else quoted(value)}"
        for name in columns
    )
