"""How many characters an answer may have: long texts are cut, and what does not fit is left out."""

from typing import Any

import msgspec

from hub.published.values import plain


class Allowance:
    """What is left for one answer.

    characters: of all of it, as JSON.   text: of one text in it.
    cut: how many texts are shown by their beginning only.
    """

    def __init__(self, characters: int, text: int) -> None:
        self._left = characters
        self._text = text
        self.cut = 0

    def take(self, value: Any) -> Any:
        """The value as JSON has it, its long texts cut; None where it does not fit any more."""
        shown, cut = _shortened(plain(value), self._text)
        needed = len(msgspec.json.encode(shown))
        if needed > self._left:
            return None
        self._left -= needed
        self.cut += cut
        return shown

    def take_all(self, values: list[Any]) -> list[Any]:
        """The values from the first on, as many as fit."""
        taken: list[Any] = []
        for value in values:
            if (shown := self.take(value)) is None:
                break
            taken.append(shown)
        return taken


def _shortened(value: Any, most: int) -> tuple[Any, int]:
    """A value with its texts cut to so many characters, and how many were."""
    match value:
        case str() if len(value) > most:
            return f"{value[:most]}... ({len(value):,} characters)", 1
        case bytes():
            return _shortened("".join(f"\\x{byte:02X}" for byte in value[: most + 1]), most)
        case list():
            parts = [_shortened(part, most) for part in value]
            return [part for part, _ in parts], sum(cut for _, cut in parts)
        case dict():
            named = {name: _shortened(part, most) for name, part in value.items()}
            shown = {_shortened(name, most)[0]: part for name, (part, _) in named.items()}
            return shown, sum(cut for _, cut in named.values())
        case _:
            return value, 0
