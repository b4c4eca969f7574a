"""What the hub decided, in the oracle's words, and where the two differ."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.oracle.decisions import Oracle, Row, State
from tests.support.oracle.entities import ENTITIES, SOURCES
from tests.support.oracle.files import RowId


@dataclass(frozen=True)
class Found:
    """The state of a hub, and the digest that it gave to each row's content."""

    state: State
    digests: dict[RowId, str] = field(default_factory=dict)


def hub_state(sql: Callable[[str], list[tuple[Any, ...]]]) -> Found:
    """Read from the hub's own tables. sql: runs a query and returns its rows."""
    decided = sql(
        "select file, row_number, outcome, reasons, content_hash from ops.record_outcomes"
    )
    return Found(
        State(
            outcomes={
                (file, row): (outcome, frozenset(reasons or []))
                for file, row, outcome, reasons, _ in decided
            },
            targets={name: _target(sql, name) for name in ENTITIES},
            letters={
                (file, row): (source, text, frozenset(reasons))
                for file, row, source, text, reasons in sql(
                    "select file, row_number, source, record, reasons from ops.dead_letters "
                    "where status = 'open'"
                )
            },
            reconciliation={
                name: {
                    key: (status, frozenset(differing or []))
                    for key, status, differing in sql(
                        f"select {ENTITIES[name].key}, status, differing_columns "
                        f"from marts.{name}_reconciliation"
                    )
                }
                for name in ("orders", "measurements")
            },
            watermarks=dict(sql("select source, watermark from ops.watermarks")),
        ),
        {(file, row): digest for file, row, _, _, digest in decided},
    )


def _target(sql: Callable[[str], list[tuple[Any, ...]]], name: str) -> dict[str, dict[str, Any]]:
    entity = ENTITIES[name]
    rows = sql(f"select {', '.join(entity.columns)} from marts.{name}")
    named = [dict(zip(entity.columns, row, strict=True)) for row in rows]
    target = {row[entity.key]: row for row in named}
    assert len(target) == len(rows), f"marts.{name} holds a key twice"
    return target


@dataclass(frozen=True)
class Difference:
    """A row (by its id), a key (by entity and key) or a source of which the two say otherwise."""

    aspect: str
    subject: Any
    expected: Any
    found: Any

    def __str__(self) -> str:
        return (
            f"{self.aspect} of {self.subject}:\n  expected {self.expected}\n  found    {self.found}"
        )


def differences(expected: State, found: State) -> list[Difference]:
    """Where two states differ."""
    different = []
    for aspect in ("outcomes", "letters", "watermarks", "targets", "reconciliation"):
        ours = _flat(getattr(expected, aspect))
        theirs = _flat(getattr(found, aspect))
        different += [
            Difference(aspect, subject, ours.get(subject), theirs.get(subject))
            for subject in sorted({*ours, *theirs}, key=str)
            if ours.get(subject) != theirs.get(subject)
        ]
    return different


def _flat(mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    """What is said by entity and then by key, by both at once."""
    if not set(mapping) & set(ENTITIES):
        return dict(mapping)
    return {(entity, key): said for entity, keys in mapping.items() for key, said in keys.items()}


def explained(different: Sequence[Difference], oracle: Oracle) -> str:
    """The first differences, each with all that the hub was told of the key that it is about."""
    by_id = {row.row_id: row for rows in oracle.rows.values() for row in rows}
    lines = [f"{len(different)} differences"]
    for difference in different[:8]:
        lines.append(str(difference))
        row = by_id.get(difference.subject)
        about = (SOURCES[row.source].entity, row.key) if row else difference.subject
        if about[0] in ENTITIES and about[1] is not None:
            lines += [f"    {line}" for line in oracle.history(*about)[-15:]]
        elif row:
            lines.append(f"    {row.text!r}")
    return "\n".join(lines)


def confused_contents(oracle: Oracle) -> list[str]:
    """Where the hub's digests do not tell contents apart, or tell apart what is the same."""
    lines = []
    digests: dict[Any, Row] = {}
    contents: dict[str, Row] = {}
    for rows in oracle.rows.values():
        for row in rows:
            other = contents.setdefault(row.digest, row)
            if (other.source, other.content) != (row.source, row.content):
                lines.append(f"one digest of two contents: {other.text} and {row.text}")
            # rejected rows are the same only if their whole text is
            same = digests.setdefault((row.source, row.content), row)
            if same.digest != row.digest and not row.reasons and not same.reasons:
                lines.append(f"two digests of one content: {same.text} and {row.text}")
    return lines
