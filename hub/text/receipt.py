"""The receipt of a run as text: in whole, of one entity, of a run that had nothing to do."""

from collections.abc import Iterable
from typing import Any

from hub.queries.receipt import OUTCOMES
from hub.text.lines import counted, table, text_of
from hub.text.run_lines import changed_keys, headline, remarks


def render_receipt(receipt: dict[str, Any]) -> str:
    """The receipt of a whole run."""
    lines = [headline(receipt), ""]
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
    lines += [*table(rows, numbers_from=2), ""]
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
    lines += [*table(state), ""]
    deleted = {name: part["deleted"] for name, part in receipt["entities"].items()}
    if any(deleted.values()):
        counts = ", ".join(f"{name} {n:,}" for name, n in deleted.items() if n)
        lines.append(f"deletions: {counts}")
    for entity, part in receipt["entities"].items():
        lines += changed_keys(entity, part)
    lines.append(
        "stages: " + ", ".join(f"{name} {what}" for name, what in receipt["stages"].items())
    )
    for stage, groups in receipt["rollout"].items():
        for group, outcomes in groups.items():
            counts = ", ".join(f"{outcome} {n:,}" for outcome, n in sorted(outcomes.items()))
            lines.append(f"rollout of {stage}, {group}: {counts or 'nothing'}")
    lines += _streams(receipt["streams"])
    return text_of([*lines, *remarks(receipt)])


def render_entity(receipt: dict[str, Any]) -> str:
    """The receipt of one entity, a line for each figure."""
    shown = {
        key: value
        for key, value in receipt.items()
        if key
        not in ("sources", "warnings", "errors", "run_id", "status", "started_at", "ended_at")
    }
    rows = [(key, _figure(value)) for key, value in shown.items()]
    return text_of([headline(receipt), "", *table(rows), *remarks(receipt)])


def render_nothing_new(receipt: dict[str, Any]) -> str:
    """The one line of a run that had nothing to do, and what kept it from looking."""
    warnings = receipt["warnings"]
    more = f", {counted(len(warnings), 'warning')} (--json has them)" if warnings else ""
    errors = [f"error: {error}" for error in receipt["errors"]]
    return text_of([f"nothing new in run {receipt['run_id']}{more}", *errors])


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
