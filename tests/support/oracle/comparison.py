"""What the hub decided, in the oracle's words, and where the two differ."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.support.oracle.decisions import Oracle, State
from tests.support.oracle.entities import ENTITIES
from tests.support.oracle.files import RowId
from tests.support.oracle.letters import Letter
from tests.support.oracle.records import ACCEPTED, Record

Query = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Found:
    """The state of a hub, and what has no counterpart in the oracle.

    digests:    of each row's content.
    rule_sets:  the number of what each row was decided under.
    record_ids: of each row.
    landed_at:  when each file landed, by the name that the oracle gives it.
    """

    state: State
    digests: dict[RowId, str] = field(default_factory=dict)
    rule_sets: dict[RowId, int] = field(default_factory=dict)
    record_ids: dict[RowId, int] = field(default_factory=dict)
    landed_at: dict[str, datetime] = field(default_factory=dict)


def hub_state(sql: Query) -> Found:
    """Read from the hub's own tables. sql: runs a query and returns its rows."""
    loads = _loads(sql)
    names = {number: name for number, (name, _) in loads.items()}
    outcomes: dict[RowId, tuple[str, frozenset[str], frozenset[str]]] = {}
    implied: dict[tuple[str, str], str] = {}
    digests: dict[RowId, str] = {}
    rule_sets: dict[RowId, int] = {}
    row_ids: dict[int, RowId] = {}
    for entity in ENTITIES:
        decisions = f"ops.{entity}_decisions"
        for load, row, record_id, outcome, reasons, digest, rule_set, tie, deletion in sql(
            "select shown.load_id, shown.row_number, shown.record_id, shown.outcome, "
            "shown.reasons, shown.content_hash, shown.rule_set, shown.is_tie, shown.is_deletion "
            f"from ops.record_outcomes as shown where shown.entity = '{entity}'"
        ):
            row_id = row_ids[record_id] = (names[load], row)
            words = [word for word, applies in (("tie", tie), ("deletion", deletion)) if applies]
            outcomes[row_id] = (
                outcome,
                frozenset(reasons or []),
                frozenset(words if outcome in ACCEPTED else []),
            )
            digests[row_id] = digest
            rule_sets[row_id] = rule_set
        for load, record_id, key, outcome in sql(
            f"select load_id, record_id, record_key, outcome from {decisions} "
            "where row_number is null"
        ):
            row_ids[record_id] = (names[load], 0)
            implied[names[load], key] = outcome
    state = State(
        outcomes=outcomes,
        implied=implied,
        targets={name: _target(sql, name) for name in ENTITIES},
        letters=_letters(sql, row_ids, names),
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
    )
    record_ids = {row_id: record_id for record_id, row_id in row_ids.items()}
    return Found(state, digests, rule_sets, record_ids, dict(loads.values()))


def _loads(sql: Query) -> dict[int, tuple[str, datetime]]:
    """By number: the file, with the number of its version if it is not the first, and when it
    landed."""
    return {
        load: (f"{file} ({version})" if version > 1 else file, landed_at)
        for load, file, version, landed_at in sql(
            "select load_id, file, "
            "row_number() over (partition by source, file order by load_id), landed_at "
            "from raw.loads where status = 'landed'"
        )
    }


def _letters(
    sql: Query, row_ids: Mapping[int, RowId], names: Mapping[int, str]
) -> dict[tuple[str, str], Letter]:
    letters: dict[tuple[str, str], Letter] = {}
    for source, text, load, row, status, reasons, outcome, resolved_by in sql(
        "select source, record, load_id, row_number, status, reasons, last_outcome, resolved_by "
        "from ops.dead_letters"
    ):
        assert (source, text) not in letters, f"two dead letters of {source}: {text}"
        letters[source, text] = Letter(
            (names[load], row),
            status,
            # those that a letter had before it was accepted are told for people only
            frozenset() if outcome in (*ACCEPTED, "duplicate") else frozenset(reasons or []),
            row_ids[resolved_by] if resolved_by is not None else None,
        )
    return letters


def _target(sql: Query, name: str) -> dict[str, dict[str, Any]]:
    entity = ENTITIES[name]
    rows = sql(f"select {', '.join(entity.columns)} from marts.{name}")
    named = [dict(zip(entity.columns, row, strict=True)) for row in rows]
    target = {row[entity.key]: row for row in named}
    assert len(target) == len(rows), f"marts.{name} holds a key twice"
    return target


@dataclass(frozen=True)
class Difference:
    """A row (by its id), a key (by entity and key), a letter (by source and text) or a source of
    which the two say otherwise."""

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
    for aspect in ("outcomes", "implied", "letters", "watermarks", "targets", "reconciliation"):
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
    rows = [row for rows in oracle.rows.values() for row in rows if row.decisions]
    by_id: dict[Any, Record] = {row.row_id: row for row in rows}
    by_text: dict[Any, Record] = {(row.source, row.text): row for row in rows}
    lines = [f"{len(different)} differences"]
    for difference in different[:8]:
        lines.append(str(difference))
        is_letter = difference.aspect == "letters"
        row = (by_text if is_letter else by_id).get(difference.subject)
        about = (row.entity, row.key) if row else difference.subject
        if about[0] in ENTITIES and about[1] is not None:
            lines += [f"    {line}" for line in oracle.history(*about)[-15:]]
        elif row:
            lines.append(f"    {row.text!r}")
    return "\n".join(lines)


def confused(oracle: Oracle, found: Found) -> list[str]:
    """Where the hub's digests do not tell contents apart, or tell apart what is the same; and the
    same of the rules that rows were decided under."""
    lines: list[str] = []
    digests: dict[Any, Record] = {}
    contents: dict[str, Record] = {}
    rule_sets: dict[int, str] = {}
    numbers: dict[str, int] = {}
    for row in (row for rows in oracle.rows.values() for row in rows):
        if not row.is_decided or row.row_id not in found.digests:
            continue
        digest, number = found.digests[row.row_id], found.rule_sets[row.row_id]
        other = contents.setdefault(digest, row)
        if (other.source, other.content) != (row.source, row.content):
            lines.append(f"one digest of two contents: {other.text} and {row.text}")
        # rejected rows are the same only if their whole text is
        same = digests.setdefault((row.source, row.content), row)
        is_rejected = row.last.checked.reasons or same.last.checked.reasons
        if found.digests[same.row_id] != digest and not is_rejected:
            lines.append(f"two digests of one content: {same.text} and {row.text}")
        rules = f"{row.source}: {row.last.rules}"
        if rule_sets.setdefault(number, rules) != rules:
            lines.append(f"one rule set of two: {rule_sets[number]} and {rules}")
        if numbers.setdefault(rules, number) != number:
            lines.append(f"two numbers of one rule set: {rules}")
    return lines
