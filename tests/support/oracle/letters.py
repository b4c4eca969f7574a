"""Dead letters: one for each text of a source that was ever rejected."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.support.oracle.files import RowId
from tests.support.oracle.records import Decision, Record


@dataclass(frozen=True)
class Letter:
    """A dead letter.

    row_id:      the first record with this text that was rejected.
    status:      open, resolved or discarded.
    reasons:     those of the latest decision on the text; empty where that accepted it, or found
                 that another text said the same.
    resolved_by: the record that was accepted.
    """

    row_id: RowId
    status: str
    reasons: frozenset[str]
    resolved_by: RowId | None = None


@dataclass(frozen=True)
class Discard:
    """Somebody left a letter when it had these reasons."""

    source: str
    text: str
    reasons: frozenset[str]


def letters_among(
    rows: Iterable[Record], discards: Sequence[Discard], *, by_time: bool
) -> dict[tuple[str, str], Letter]:
    """The dead letters among the records of an entity, by source and text.

    by_time: whether event time orders the records of a key.
    """
    accepted: dict[tuple[str, str | None], list[Record]] = defaultdict(list)
    decided: dict[tuple[str, str], list[tuple[Record, Decision]]] = defaultdict(list)
    for row in rows:
        if not row.is_decided:
            continue
        if row.last.is_accepted:
            accepted[row.source, row.key].append(row)
        if any(each.is_text_kept for each in row.decisions):
            decided[row.source, row.text] += [(row, each) for each in row.decisions]
    return {
        (source, text): _letter(decisions, accepted, discards, by_time)
        for (source, text), decisions in decided.items()
        if any(decision.is_letter for _, decision in decisions)
    }


def _letter(
    decisions: list[tuple[Record, Decision]],
    accepted: dict[tuple[str, str | None], list[Record]],
    discards: Sequence[Discard],
    by_time: bool,
) -> Letter:
    first = min((row for row, each in decisions if each.is_letter), key=lambda row: row.arrival)
    # that the text repeats itself says nothing of it
    row, latest = max(
        (
            (row, each)
            for row, each in decisions
            if each.original is None or each.original.text != row.text
        ),
        key=lambda pair: (pair[1].run.number, pair[0].arrival),
    )
    if latest.is_accepted:
        return Letter(first.row_id, "resolved", frozenset(), row.row_id)
    if latest.original is not None:
        # another text said the same, and was accepted
        return Letter(first.row_id, "resolved", frozenset(), latest.original.row_id)
    reasons = latest.checked.reasons if latest.outcome == "rejected" else frozenset(["late"])
    if Discard(row.source, row.text, reasons) in discards:
        return Letter(first.row_id, "discarded", reasons)
    moment = latest.checked.event_time if by_time else None
    greater = [
        other
        for other in accepted[row.source, latest.checked.key]
        if other.arrival > first.arrival
        and (moment is None or (other.event_time is not None and other.event_time >= moment))
    ]
    if latest.checked.key is None or not greater:
        return Letter(first.row_id, "open", reasons)
    by = min(greater, key=lambda other: other.arrival)
    return Letter(first.row_id, "resolved", reasons, by.row_id)
