"""Results of the commands as text for people.

Names of files and fields, texts of records and messages come from outside: `_text` and `_table`
write out what would steer the terminal.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from hub.queries.health import Finding
from hub.queries.receipt import OUTCOMES
from loader.landing.folder import Landing
from loader.logs import plain
from loader.warehouse.snapshots import Publication

if TYPE_CHECKING:
    from hub.commands import PullResult
    from hub.runs.rename_source import RenamedSource

_MOST_CHARS = 500


def render_landing(landing: Landing) -> str:
    """A line for each file, what was passed over, and what no source claims."""
    rows = [
        (
            outcome.file,
            outcome.status,
            f"{outcome.rows:,} rows" if outcome.status == "landed" else outcome.reason or "",
        )
        for outcome in landing.files
    ]
    lines = _table(rows) if rows else ["no files"]
    lines += [f"{name}: hidden, passed over" for name in landing.hidden]
    lines += [f"{name}: no registered source claims it" for name in landing.unclaimed]
    return _text(lines)


def render_as_of(as_of: dict[str, Any]) -> str:
    """What an answer from a published snapshot is of."""
    return (
        f"as of {as_of['ended_at'] or 'the start of it'} UTC, run {as_of['run_id']}: "
        "another process is at work on the warehouse"
    )


def render_publication(published: Publication | None) -> str:
    """One line."""
    if published is None:
        return "nothing new to publish"
    return (
        f"published {published.path.name}: {published.written / 1e6:.1f} MB written "
        f"of {published.size / 1e6:.1f} MB"
    )


def render_pull(result: "PullResult") -> str:
    """A line for each source, then what landed and what went wrong."""
    head = ("source", "status", "pages", "records", "requests", "retries", "since")
    rows = [
        (
            outcome.source,
            f"{outcome.status}{', resumed' if outcome.resumed else ''}",
            *(
                f"{number:,}"
                for number in (outcome.pages, outcome.items, outcome.requests, outcome.retries)
            ),
            outcome.since or "-",
        )
        for outcome in result.sources
    ]
    landed = [outcome for outcome in result.landing.files if outcome.status == "landed"]
    total = sum(outcome.rows for outcome in landed)
    lines = [*_table([head, *rows]), f"landed: {len(landed):,} files, {total:,} rows"]
    lines += [
        f"{outcome.file}: {outcome.status}: {outcome.reason}"
        for outcome in result.landing.files
        if outcome.status not in ("landed", "known")
    ]
    for pulled in result.sources:
        lines += [f"warning: {pulled.source}: {warning}" for warning in pulled.warnings]
        lines += [f"error: {pulled.error}"] if pulled.error else []
    return _text(lines)


def render_receipt(receipt: dict[str, Any]) -> str:
    """The receipt of a whole run."""
    lines = [_headline(receipt), ""]
    rows = [("source", "entity", "records", *OUTCOMES, "quality")]
    for name, source in receipt["sources"].items():
        quality = "-" if source["quality"] is None else f"{source['quality']:.1%}"
        rows.append(
            (
                name,
                source["entity"],
                f"{source['records']:,}",
                *(f"{source[outcome]:,}" for outcome in OUTCOMES),
                quality,
            )
        )
    lines += [*_table(rows, numbers_from=2), ""]
    state = [("target", "rows", "dead letters open", "lineage", "watermark", "reconciliation")]
    for entity, part in receipt["entities"].items():
        state.append(
            (
                f"marts.{entity}",
                f"{part['target_rows']:,}",
                f"{part['dead_letters']:,}",
                f"{part['lineage_entries']:,}",
                part["watermark"] or "-",
                _reconciliation(part),
            )
        )
    lines += [*_table(state), ""]
    deleted = {name: part["deleted"] for name, part in receipt["entities"].items()}
    if any(deleted.values()):
        counted = ", ".join(f"{name} {n:,}" for name, n in deleted.items() if n)
        lines.append(f"deletions: {counted}")
    lines.append(
        "stages: " + ", ".join(f"{name} {what}" for name, what in receipt["stages"].items())
    )
    for stage, groups in receipt["rollout"].items():
        for group, outcomes in groups.items():
            counted = ", ".join(f"{outcome} {n:,}" for outcome, n in sorted(outcomes.items()))
            lines.append(f"rollout of {stage}, {group}: {counted or 'nothing'}")
    lines += _streams(receipt["streams"])
    return _text([*lines, *_remarks(receipt)])


def render_stream(summary: dict[str, Any]) -> str:
    """What a stream took up, under it the receipt of its last run."""
    lines = [
        f"stream ended: {summary['records']:,} records in {summary['batches']:,} batches, "
        f"{summary['failures']:,} failed attempts"
    ]
    lines += [f"{name}: {records:,} records" for name, records in summary["sources"].items()]
    last = summary["receipt"]
    return _text(lines) + (f"\n\n{render_receipt(last)}" if last else "")


def render_entity(receipt: dict[str, Any]) -> str:
    """The receipt of one entity, a line for each figure."""
    shown = {
        key: value
        for key, value in receipt.items()
        if key
        not in ("sources", "warnings", "errors", "run_id", "status", "started_at", "ended_at")
    }
    rows = [(key, _figure(value)) for key, value in shown.items()]
    return _text([_headline(receipt), "", *_table(rows), *_remarks(receipt)])


def render_history(entries: list[dict[str, Any]]) -> str:
    """A line for each run."""
    rows = [("run", "command", "status", "started", "ms")]
    rows += [
        (
            entry["run_id"],
            entry["command"],
            entry["status"],
            entry["started_at"],
            "-" if entry["duration_ms"] is None else f"{entry['duration_ms']:,}",
        )
        for entry in entries
    ]
    return _text(_table(rows))


def render_redrive(
    dead_letters: list[dict[str, Any]], receipt: dict[str, Any] | None, left_out: Iterable[str] = ()
) -> str:
    """A line for each dead letter that was decided again, under the run's headline.

    receipt: None for a run that had nothing to do.   left_out: of those that were not, and why.
    """
    headline = [_headline(receipt), ""] if receipt else []
    remarks = [f"warning: {each}" for each in left_out]
    if receipt and receipt["errors"]:
        remarks = ["", *_remarks(receipt)]  # these warnings, too
    return _text([*headline, *_dead_letters(dead_letters), *remarks])


def render_reprocess(changes: list[dict[str, Any]], receipt: dict[str, Any]) -> str:
    """Which records changed sides, with samples, under the run's headline."""
    lines = [_headline(receipt), ""]
    moved = [change for change in changes if change["before"] != change["after"]]
    for change in moved:
        lines.append(f"{_records(change['total'])} {change['before']} -> {change['after']}")
        lines += _rules_and_samples(change)
    stayed = sum(change["total"] for change in changes if change["before"] == change["after"])
    lines.append(f"{_records(stayed)} decided as before")
    if receipt["errors"]:
        lines += ["", *_remarks(receipt)]
    return _text(lines)


def _records(total: int) -> str:
    return f"{total:,} record{'' if total == 1 else 's'}"


def _rules_and_samples(part: dict[str, Any]) -> list[str]:
    return [
        *(f"  {rule}: {count:,}" for rule, count in part["by_rule"].items()),
        *(f"    {sample['place']}: {sample['explanation'] or ''}" for sample in part["samples"]),
    ]


def render_discard(dead_letters: list[dict[str, Any]]) -> str:
    """How many dead letters were discarded, and a line for each."""
    headline = [f"discarded {_counted(dead_letters, 'dead letter')}", ""] if dead_letters else []
    return _text([*headline, *_dead_letters(dead_letters)])


def render_renamed(renamed: "RenamedSource") -> str:
    """What was renamed, and what is left to do."""
    lines = [
        f"{renamed.old} is {renamed.new} now: {renamed.loads:,} loads, {renamed.records:,} records "
        f"of {renamed.entity}, {renamed.dead_letters:,} dead letters"
    ]
    if renamed.request_id is not None:
        lines.append("`hub run` completes it: it decides the records again under their new name")
    return _text([*lines, *renamed.notes])


def render_nothing_new(receipt: dict[str, Any]) -> str:
    """The one line of a run that had nothing to do."""
    warnings = receipt["warnings"]
    more = f", {_counted(warnings, 'warning')} (--json has them)" if warnings else ""
    return _text([f"nothing new in run {receipt['run_id']}{more}"])


def render_dry_run(shown: str) -> str:
    """What a run on a copy printed, marked as such."""
    separator = "\n" if "\n" in shown else " "
    return f"dry run, nothing was changed:{separator}{shown}"


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
    return _table(rows)


def _counted(things: Sequence[Any], name: str) -> str:
    return f"{len(things):,} {name}{'' if len(things) == 1 else 's'}"


def render_explanation(answer: dict[str, Any]) -> str:
    """What became of the records that were asked about, in sentences."""
    left_out = [
        f"{entity} cannot be read: {reason}" for entity, reason in answer["left_out"].items()
    ]
    if not answer["records"]:
        asked = ", ".join(f"{name} {what}" for name, what in answer["asked"].items())
        return _text([f"{asked}: not seen in any of {answer['files']:,} files", *left_out])
    lines: list[str] = []
    for record in answer["records"]:
        is_implied = record["row_number"] is None
        place = record["file"] if is_implied else f"{record['file']}:{record['row_number']}"
        landed = record["landed_at"]
        lines.append(
            f"{place} (record {record['record_id'] or '-'}, {record['entity']} of "
            f"{record['source']}), landed {landed:%Y-%m-%d %H:%M:%S} UTC"
            if landed
            else f"{place} (record {record['record_id']}, {record['entity']} of {record['source']})"
        )
        if not is_implied:
            lines.append(f"  {_shortened(record['record'] or '')}")
        lines += [f"  {_sentence(decision)}" for decision in record["decisions"]]
        if not record["decisions"]:
            lines.append(f"  {record['explanation']}")
        if record["is_current"]:
            lines.append(f"  it is the row of its key in marts.{record['entity']}")
        if dead_letter := record["dead_letter"]:
            lines.append(f"  {_fate(dead_letter)}")
        lines.append("")
    if answer["more_records"]:
        lines.append("... and more: ask ops.record_explanations")
    return _text([*lines, *left_out]).rstrip()


def _fate(dead_letter: dict[str, Any]) -> str:
    if dead_letter["resolved_by"] is None:
        return f"its dead letter is {dead_letter['status']}"
    return (
        f"its dead letter was resolved by record {dead_letter['resolved_by']} "
        f"({dead_letter['resolved_by_place']})"
    )


def _sentence(decision: dict[str, Any]) -> str:
    again = f"attempt {decision['attempt']}, " if decision["attempt"] > 1 else ""
    return (
        f"{decision['decided_at']:%Y-%m-%d %H:%M:%S} {again}"
        f"{decision['outcome']}: {decision['explanation'] or ''} "
        f"[contract {decision['contract_version']}, rule set {decision['rule_set']}, "
        f"run {decision['run_id']}]"
    )


def render_difference(difference: dict[str, Any]) -> str:
    """What a contract would decide otherwise, with samples."""
    lines = [
        f"{difference['entity']}: contract {difference['contract_version']}, decided under "
        f"{', '.join(difference['stored_versions']) or 'none'}"
    ]
    for side, title in (("newly_rejected", "would be rejected"), ("newly_accepted", "would pass")):
        part = difference[side]
        lines.append(f"{part['total']:,} records {title}")
        lines += _rules_and_samples(part)
    if difference["needs_major"]:
        lines.append("breaking: accepted records would be rejected; raise the major version")
    elif difference["is_breaking"]:
        lines.append("breaking, as the new major version says")
    return _text(lines)


def render_findings(findings: list[Finding]) -> str:
    """A line for each check, the remedy behind what is not ok."""
    rows = [
        (finding.status, finding.check, f"{finding.detail}. {finding.remedy}".rstrip(". "))
        for finding in findings
    ]
    return _text(_table(rows))


def _headline(receipt: dict[str, Any]) -> str:
    duration = receipt["duration_ms"]
    took = f" in {duration / 1000:.1f} s" if duration is not None else ""
    return f"run {receipt['run_id']} {receipt['status']}{took}"


def _remarks(receipt: dict[str, Any]) -> Iterable[str]:
    yield from (f"warning: {_shortened(warning)}" for warning in receipt["warnings"])
    for error in receipt["errors"]:
        first, *others = error.split("\n")
        yield f"error: {first}"
        # no line of a message may look like one of the receipt
        yield from (f"       {line}" for line in others)


def _streams(streams: dict[str, Any]) -> Iterable[str]:
    for source, part in streams.items():
        lag = ", ".join(f"{lag:,} in partition {number}" for number, lag in part["lag"].items())
        latency = part["latency_ms"]
        took = "" if latency["p50"] is None else f", latency {latency['p50']:,} ms (p50)"
        yield (
            f"stream {source}: {part['records_per_second']:,} records/s in the last minute{took}, "
            f"lag {lag}"
        )
        if event := part["last_event"]:
            yield f"stream {source}: {event['event']} at {event['at']}: {event['detail']}"


def _reconciliation(part: dict[str, Any]) -> str:
    counts = part["reconciliation"]
    if part["reconciliation_skipped"] and not any(counts.values()):
        return "-"
    return ", ".join(f"{n:,} {status.replace('_', ' ')}" for status, n in counts.items())


def _figure(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_figure(item)}" for name, item in value.items()) or "-"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_CHARS else f"{text[:_MOST_CHARS]}..."


def _text(lines: Iterable[str]) -> str:
    return "\n".join(map(plain, lines))


def _table(rows: Sequence[Sequence[str]], numbers_from: int | None = None) -> list[str]:
    """Rows of cells in columns as wide as needed; right-aligned from the given column on."""
    rows = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    aligned = []
    for row in rows:
        cells = [
            cell.rjust(width)
            if numbers_from is not None and index >= numbers_from
            else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        aligned.append("  ".join(cells).rstrip())
    return aligned
