"""Reads what has a meaning in a model or macro, leaving out comments, white space and the names of
relations. Neither dbt nor Jinja is needed: both take longer to import than most commands run."""

import re

_BETWEEN = "\x1f"
# beside a tag, which may stand for a part of a word or of a sign, white space has a meaning
_SPACE = " "
_NEEDS_NO_SPACE = frozenset(",;()[]")
_RELATIONS = ("source", "ref")

_PART = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<note>\{\#(?P<before>-?).*?(?P<after>-?)\#\})
    | (?P<tag>\{[{%])
    | (?P<comment>--[^\n]*|/\*)
    | (?P<literal>\$(?P<label>[a-zA-Z_]\w*|)\$.*?\$(?P=label)\$)
    | (?P<quote>[eExXbB]?'|")
    | \d[\w.]* | \w+
    | <= | >= | <> | != | == | :: | := | \|\| | ->> | -> | => | \*\* | // | .
    """,
    re.DOTALL | re.VERBOSE,
)
_IN_TAG = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<number>\d[\w.]*)
    | (?P<word>\w+)
    | == | != | <= | >= | \*\* | // | [^"']
    """,
    re.DOTALL | re.VERBOSE,
)
_CLOSING = {"{{": re.compile(r"(-?)\}\}"), "{%": re.compile(r"([-+]?)%\}")}
_QUOTED = {
    quote: re.compile(rf"(?:[^{quote}{{]|{quote}{quote}|\{{(?![{{%#]))*") for quote in ("'", '"')
}
_QUOTED_WITH_ESCAPES = re.compile(r"(?:[^'\\{]|\\.|''|\{(?![{%#]))*", re.DOTALL)
_SPACES = re.compile(r"\s*")
_TRIMMING = re.compile(r"\s*\{[{%#]-")
_COMMENT_OR_ITS_END = re.compile(r"/\*|\*/")
_WORD = re.compile(r"\w+")
_RAW = re.compile(r"\{%[-+]?\s*raw\b")


def essence(text: str) -> tuple[str, set[str]]:
    """A template's parts that have a meaning, as one text: two templates that differ in nothing
    else have the same. And the names that its tags may call.

    Where it is not clear what has a meaning, such as in a comment with a tag, that is the text as
    it is, with all words in it.
    """
    template = _Template(text)
    try:
        template.read()
    except _Unclear:
        return text, set(_WORD.findall(text))
    return _BETWEEN.join(template.parts), template.names


class _Unclear(Exception):
    """It is not clear what has a meaning."""


class _Template:
    """A template that is read from its beginning to its end.

    parts: those that have a meaning, so far.   names: those in its tags.
    """

    def __init__(self, text: str) -> None:
        self.parts: list[str] = []
        self.names: set[str] = set()
        self._text = text
        self._at = 0
        # what stands between the last part and the next: white space, which a tag may trim, or more
        self._is_apart = self._is_kept_apart = False
        self._was_tag = False

    def read(self) -> None:
        """Read it. Raises _Unclear."""
        if _RAW.search(self._text):
            raise _Unclear
        while self._at < len(self._text):
            found = self._match(_PART)
            if found["space"]:
                self._is_apart = True
            elif found["note"]:
                self._is_apart = self._is_apart and not found["before"]
                if found["after"]:
                    self._match(_SPACES)
            elif found["comment"]:
                self._pass_comment(found)
            elif found["tag"]:
                self._read_tag(found[0])
            elif found["quote"]:
                self._read_quoted(found[0])
            else:
                _refuse_tags(found["literal"] or "")
                self._add(found[0])

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        """What stands here, which is passed. Raises _Unclear."""
        found = pattern.match(self._text, self._at)
        if found is None:
            raise _Unclear
        self._at = found.end()
        return found

    def _add(self, part: str, *, is_tag: bool = False) -> None:
        if (
            (self._is_apart or self._is_kept_apart)
            and (is_tag or self._was_tag)
            and self.parts
            and not _NEEDS_NO_SPACE.intersection((part, self.parts[-1]))
        ):
            self.parts.append(_SPACE)
        self.parts.append(part)
        self._is_apart = self._is_kept_apart = False
        self._was_tag = is_tag

    def _pass_comment(self, comment: re.Match[str]) -> None:
        start = comment.start()
        depth = int(comment[0] == "/*")
        while depth:
            edge = _COMMENT_OR_ITS_END.search(self._text, self._at)
            if edge is None:
                raise _Unclear
            self._at = edge.end()
            depth += 1 if edge[0] == "/*" else -1
        _refuse_tags(self._text[start : self._at])
        if self._text.startswith("--", start) and _TRIMMING.match(self._text, self._at):
            raise _Unclear  # without the line's end, what follows is in the comment, too
        self._is_kept_apart = True

    def _read_tag(self, opening: str, *, in_text: bool = False) -> None:
        """Read a tag from behind its opening.

        in_text: white space around it belongs to a text, so whether it is trimmed has a meaning.
        """
        sign = self._text[self._at : self._at + 1]
        if sign in ("-", "+"):
            self._at += 1
        if sign == "-":
            self._is_apart = False
        self._add(opening + sign if in_text and sign == "-" else opening, is_tag=True)
        depth = 0
        is_dispatch = False
        while depth or not (closing := _CLOSING[opening].match(self._text, self._at)):
            found = self._match(_IN_TAG)
            part = found[0]
            if found["space"]:
                continue
            depth += (part in "([{") - (part in ")]}")
            if found["word"] in _RELATIONS and self._pass_arguments():
                part += "()"
            elif found["word"]:
                self.names.add(part)
            elif found["text"] and is_dispatch:
                self.names.add(part[1:-1])
            is_dispatch = part == "dispatch" or (is_dispatch and part == "(")
            self.parts.append(part)
        self._at = closing.end()
        self.parts.append(closing[0] if in_text else closing[0].lstrip("-+"))
        if closing[1] == "-":
            self._match(_SPACES)

    def _pass_arguments(self) -> bool:
        """Whether arguments in brackets stand here; they are passed."""
        self._match(_SPACES)
        if not self._text.startswith("(", self._at):
            return False
        depth = 0
        while True:
            part = self._match(_IN_TAG)[0]
            depth += (part == "(") - (part == ")")
            if not depth:
                return True

    def _read_quoted(self, quote: str) -> None:
        """Read a text or a quoted name from behind its opening, as it stands."""
        inside = _QUOTED_WITH_ESCAPES if quote[0] in "eE" else _QUOTED[quote[-1]]
        self._add(quote)
        while True:
            self.parts.append(self._match(inside)[0])
            found = self._match(_PART)
            if found["tag"]:
                self._read_tag(found[0], in_text=True)
            elif found["note"]:
                self.parts.append(found[0])
            else:
                self.parts.append(quote[-1])
                self._was_tag = False
                return


def _refuse_tags(text: str) -> None:
    """Raise _Unclear where there is a tag, which dbt carries out wherever it stands."""
    if "{{" in text or "{%" in text:
        raise _Unclear
