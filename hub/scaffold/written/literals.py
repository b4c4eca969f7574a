"""Texts as literals of Jinja and of YAML."""

import json
import re

_PLAIN_YAML = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_WORDS_OF_YAML = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def jinja_text(text: str) -> str:
    """The text in single quotes, as a macro or an adapter writes it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    escaped = "".join(sign if sign.isprintable() else _escape(sign) for sign in escaped)
    # Jinja would see a tag in it
    return "'" + re.sub(r"(?<=[{}%#])(?=[{}%#])", "' ~ '", escaped) + "'"


def yaml_text(text: str) -> str:
    """The text as a scalar of YAML: in quotes where it would not be read as this text."""
    if _PLAIN_YAML.fullmatch(text) and text.lower() not in _WORDS_OF_YAML:
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """The text in quotes: single ones where it can stand in them as it is."""
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    # what is JSON is YAML, too
    return json.dumps(text)


def _escape(sign: str) -> str:
    code = ord(sign)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )
