"""A pull as text."""

from typing import TYPE_CHECKING

from hub.text.lines import table, text_of

if TYPE_CHECKING:
    from hub.commands.pulling import PullResult


def render_pull(result: "PullResult") -> str:
    """A line for each source, then what landed and what went wrong."""
    ends = ("since", "until") if any(each.until for each in result.sources) else ("since",)
    head = ("source", "status", "pages", "records", "requests", "retries", *ends)
    rows = [
        (
            outcome.source,
            f"{outcome.status}{', resumed' if outcome.resumed else ''}",
            *(
                f"{number:,}"
                for number in (outcome.pages, outcome.items, outcome.requests, outcome.retries)
            ),
            *(getattr(outcome, end) or "-" for end in ends),
        )
        for outcome in result.sources
    ]
    landed = [outcome for outcome in result.landing.files if outcome.status == "landed"]
    total = sum(outcome.rows for outcome in landed)
    lines = [*table([head, *rows]), f"landed: {len(landed):,} files, {total:,} rows"]
    lines += [
        f"{outcome.file}: {outcome.status}: {outcome.reason}"
        for outcome in result.landing.files
        if outcome.status not in ("landed", "known")
    ]
    for pulled in result.sources:
        lines += [f"warning: {pulled.source}: {warning}" for warning in pulled.warnings]
        lines += [f"error: {pulled.error}"] if pulled.error else []
    return text_of(lines)
