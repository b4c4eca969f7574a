"""Lines, tables and counts as all results show them.

Names of files and fields, texts of records and messages come from outside: `text_of` and `table`
write out what would steer the terminal.
"""

from collections.abc import Iterable, Sequence

from loader.logs import plain

_MOST_CHARS = 500


def text_of(lines: Iterable[str]) -> str:
    """The lines as one text."""
    return "\n".join(map(plain, lines))


def table(rows: Sequence[Sequence[str]], numbers_from: int | None = None) -> list[str]:
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


def counted(number: int, name: str) -> str:
    """A number of things of that name: `1 record`, `2,000 records`."""
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def shortened(text: str) -> str:
    """A text as far as a line has room for it."""
    return text if len(text) <= _MOST_CHARS else f"{text[:_MOST_CHARS]}..."
