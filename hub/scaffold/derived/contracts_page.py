"""docs/contracts.md: the rules of all contracts for people to read."""

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

from hub.scaffold.contract import Column, Contract
from hub.scaffold.derived.relation import MARK

PATH = "docs/contracts.md"


def contracts_page(contracts: Sequence[Contract], reasons_csv: str) -> str:
    """The text of the page.

    reasons_csv: seeds/reasons.csv, the reasons for rejection that no contract names.
    """
    catalogue = [list(row.values()) for row in csv.DictReader(io.StringIO(reasons_csv))]
    parts = [
        "# Contracts",
        f"{MARK} from `macros/contracts/`: change a rule there, never here. "
        "The same rules as a table: `select * from ops.contract_rules`.",
        *(_entity(contract) for contract in contracts),
        "## Reasons that no contract names",
        _table(["reason", "meaning", "what to do"], catalogue),
    ]
    return "\n\n".join(parts) + "\n"


def _entity(contract: Contract) -> str:
    columns = [
        [
            f"`{column.name}`",
            column.description,
            # whoever counts on more digits than a double keeps must read it here
            "number (a double)" if column.type == "number" else column.type,
            "yes" if column.words.get("required") else "",
            "; ".join(_rules(column)),
        ]
        for column in contract.columns
    ]
    reasons = [
        [f"`{reason.name}`", reason.meaning, "yes" if reason.always else ""]
        for reason in contract.reasons
    ]
    history = f" Every state is kept in `marts.{contract.entity}_history`."
    return "\n\n".join(
        [
            f"## {contract.entity}",
            f"Version {contract.version}. The key is `{contract.key}`. {_winner(contract)}"
            + _deletion(contract)
            + (history if contract.has_history else ""),
            _table(["column", "holds", "type", "required", "rules"], columns),
            _table(["reason", "rejected because", "with validation off, too"], reasons),
        ]
    )


def _winner(contract: Contract) -> str:
    if contract.event_time:
        newest = f"the greatest `{contract.event_time}` wins its key"
    else:
        newest = "the last record to arrive wins its key"
    if not contract.prefer:
        return newest[0].upper() + newest[1:] + "."
    trusted = ", ".join(f"`{name}`" for name in contract.prefer)
    return f"The most trusted source wins its key ({trusted}); within one, {newest}."


def _deletion(contract: Contract) -> str:
    if contract.deletion is None:
        return ""
    column, values = contract.deletion
    return (
        f" A record with the `{column}` {' or '.join(f'`{value}`' for value in values)} takes the "
        "row of its key out."
    )


def _rules(column: Column) -> list[str]:
    """What a contract asks of a column besides its type."""
    wordings: dict[str, Callable[[Any], str]] = {
        "allowed": lambda values: "one of " + ", ".join(f"`{value}`" for value in values),
        "min": lambda bound: f"at least {bound}",
        "max": lambda bound: f"at most {bound}",
        "pattern": lambda pattern: f"matches `{pattern}`",
        "normalize": lambda steps: "normalized: " + ", ".join(steps),
        "blank": lambda _: "may be blank",
        "reconcile": _tolerance,
        "sensitive": lambda how: f"sensitive: stored as {'***' if how == 'mask' else 'a digest'}",
    }
    return [
        wording(column.words[word])
        for word, wording in wordings.items()
        # a bound of 0 is a bound
        if column.words.get(word) is not None and column.words[word] is not False
    ]


def _tolerance(reconcile: Any) -> str:
    if isinstance(reconcile, dict) and "absolute" in reconcile:
        return f"sources may differ by {reconcile['absolute']}"
    if isinstance(reconcile, dict):
        return f"sources may differ by {reconcile['relative']} of the greatest value"
    return "sources must agree"


def _table(head: list[str], rows: list[list[str]]) -> str:
    cells = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells
    )
