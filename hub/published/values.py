"""Values as answers in JSON have them: times in UTC, numbers with all their digits."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

# of a hugeint, as of a decimal, no digit may be lost
_WIDE = 2**63


def plain(value: Any) -> Any:
    """A value as JSON has it: times in UTC with Z, decimals as text with all their digits."""
    match value:
        case dict():
            return {str(name): plain(part) for name, part in value.items()}
        case list() | tuple():
            return [plain(part) for part in value]
        case datetime():
            return moment(value)
        case date() | Decimal():
            return str(value)
        case int() if abs(value) >= _WIDE:
            return str(value)
        case _:
            return value


def moment(value: datetime) -> str:
    """A time in UTC as text, with as many digits of a second as it has."""
    if value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    text = value.isoformat()
    return f"{text.rstrip('0') if '.' in text else text}Z"
