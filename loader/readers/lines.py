"""Text to blocks of whole lines; a long line is never searched twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from loader.readers.batch import check_size, utf8_bytes

_LINE_END = re.compile("(\r\n?|\n)")


def whole_lines(chunks: Iterable[str], *, lone_cr: bool) -> Iterator[str]:
    """The same text in blocks that end with a line end; the last may lack it, none is empty.

    Line ends are \\n and \\r\\n, under `lone_cr` also \\r alone; a \\r\\n is never cut in two.
    Raises UnreadableFile 'record_too_big' for an endless line.
    """
    held: list[str] = []
    held_bytes = 0
    for chunk in chunks:
        cut = chunk.rfind("\n") + 1
        if lone_cr:
            # A \r that ends the chunk may be the first half of \r\n.
            cut = max(cut, chunk.rfind("\r", cut, len(chunk) - 1) + 1)
        if cut:
            held.append(chunk[:cut])
            yield "".join(held)
            held = [chunk[cut:]]
            held_bytes = utf8_bytes(held[0])
        else:
            held.append(chunk)
            held_bytes += utf8_bytes(chunk)
            check_size(held_bytes)
    rest = "".join(held)
    if rest:
        yield rest


def physical_lines(block: str) -> Iterable[tuple[str, str]]:
    """(line, line end) of a block, where \\n, \\r\\n and a lone \\r end a line.

    The last line's end is '' if it has none.
    """
    end = ""
    if "\r" not in block:
        end = "\n"
    elif block.count("\r\n") == block.count("\r") == block.count("\n"):
        end = "\r\n"
    if end:
        lines = block.split(end)
        ends = [end] * (len(lines) - 1)
    else:
        parts = _LINE_END.split(block)
        lines, ends = parts[::2], parts[1::2]
    if lines[-1]:
        ends.append("")
    return zip(lines, ends, strict=False)
