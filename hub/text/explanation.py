"""What became of records as text."""

from typing import Any

from hub.text.lines import shortened, text_of


def render_explanation(answer: dict[str, Any]) -> str:
    """What became of the records that were asked about, in sentences."""
    left_out = [
        f"{entity} cannot be read: {reason}" for entity, reason in answer["left_out"].items()
    ]
    if not answer["records"]:
        asked = ", ".join(f"{name} {what}" for name, what in answer["asked"].items())
        return text_of([f"{asked}: not seen in any of {answer['files']:,} files", *left_out])
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
            lines.append(f"  {shortened(record['record'] or '')}")
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
    return text_of([*lines, *left_out]).rstrip()


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
