"""Dead letters that were decided again or discarded as text."""

from collections.abc import Iterable
from typing import Any

from hub.text.lines import counted, table, text_of
from hub.text.run_lines import headline, remarks


def render_redrive(
    dead_letters: list[dict[str, Any]], receipt: dict[str, Any] | None, left_out: Iterable[str] = ()
) -> str:
    """A line for each dead letter that was decided again, under the run's headline.

    receipt: None for a run that had nothing to do.   left_out: of those that were not, and why.
    """
    above = [headline(receipt), ""] if receipt else []
    below = [f"warning: {each}" for each in left_out]
    if receipt and receipt["errors"]:
        below = ["", *remarks(receipt)]  # these warnings, too
    return text_of([*above, *_dead_letters(dead_letters), *below])


def render_discard(dead_letters: list[dict[str, Any]]) -> str:
    """How many dead letters were discarded, and a line for each."""
    lines = _dead_letters(dead_letters)
    if dead_letters:
        lines = [f"discarded {counted(len(dead_letters), 'dead letter')}", "", *lines]
    return text_of(lines)


def _dead_letters(dead_letters: list[dict[str, Any]]) -> list[str]:
    if not dead_letters:
        return ["no open dead letter fits"]
    rows = [("record", "place", "status", "attempts", "last outcome", "why")]
    rows += [
        (
            str(dead_letter["record_id"]),
            f"{dead_letter['file']}:{dead_letter['row_number']}",
            dead_letter["status"],
            str(dead_letter["attempts"]),
            dead_letter["last_outcome"],
            dead_letter["explanation"] or "",
        )
        for dead_letter in dead_letters
    ]
    return table(rows)
