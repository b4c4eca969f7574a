"""The text of a contract, from what was guessed."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.scaffold.guesses.names import singular
from hub.scaffold.written.literals import jinja_text

_LONGEST_LINE = 100


@dataclass(frozen=True)
class WrittenColumn:
    """What a contract says of a column."""

    name: str
    type: str
    description: str
    required: bool = False
    normalize: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    reconcile: bool = False

    def words(self) -> list[tuple[str, str]]:
        """Its words, as they are written, in the order of the shipped contracts."""
        words = [("type", jinja_text(self.type))]
        if self.required:
            words.append(("required", "true"))
        if self.normalize:
            words.append(("normalize", _listed(self.normalize)))
        if self.allowed:
            words.append(("allowed", _listed(self.allowed)))
        if self.reconcile:
            words.append(("reconcile", "true"))
        return [*words, ("description", jinja_text(self.description))]


@dataclass(frozen=True)
class WrittenContract:
    """What a contract says.

    event_time, freshness: columns; None for none.
    """

    entity: str
    key: str
    event_time: str | None
    freshness: str | None
    has_history: bool
    columns: tuple[WrittenColumn, ...]


def contract_path(entity: str) -> str:
    """The file of a contract, from the project's folder."""
    return f"macros/contracts/{entity}.sql"


def contract_text(contract: WrittenContract) -> str:
    """The text of the contract's file."""
    one = singular(contract.entity).replace("_", " ")
    article = "an" if one[0] in "aeiou" else "a"
    lines = [
        f"{{#  What {article} {one} must look like. "
        "See contract() for the words that may stand here. #}",
        f"{{% macro contract_{contract.entity}() %}}",
        "    {{ return({",
        "        'version': '1.0.0',",
        f"        'key': '{contract.key}',",
        f"        'event_time': {_column(contract.event_time)},",
        f"        'freshness': {_column(contract.freshness)},",
        "        'prefer': 'newest',",
        *(["        'history': true,"] if contract.has_history else []),
        "        'columns': {",
        *(line for column in contract.columns for line in _lines(column)),
        "        },",
        "    }) }}",
        "{% endmacro %}",
    ]
    return "\n".join(lines) + "\n"


def _column(name: str | None) -> str:
    return f"'{name}'" if name else "none"


def _lines(column: WrittenColumn) -> list[str]:
    words = column.words()
    whole = f"            '{column.name}': {{" + ", ".join(f"'{n}': {w}" for n, w in words) + "},"
    if len(whole) <= _LONGEST_LINE:
        return [whole]
    lines = [f"            '{column.name}': {{"]
    for name, written in words:
        line = f"                '{name}': {written},"
        if len(line) > _LONGEST_LINE:
            lines += [f"                '{name}':", f"                    {written},"]
        else:
            lines.append(line)
    return [*lines, "            },"]


def _listed(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(jinja_text, texts))}]"
