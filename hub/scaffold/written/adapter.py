"""The text of an adapter: which field of a source fills which column."""

from collections.abc import Mapping, Sequence

from hub.scaffold.guesses.matching import Match
from hub.scaffold.guesses.readings import Reading
from hub.scaffold.written.literals import jinja_text


def adapter_path(source: str, entity: str) -> str:
    """The file of an adapter, from the project's folder."""
    return f"models/staging/{source}/stg_{source}__{entity}.sql"


def adapter_text(source: str, columns: Sequence[str], matches: Mapping[str, Match]) -> str:
    """The text of the adapter.

    columns: those of the contract, in its order.   matches: of those that a field fills.
    """
    lines = [f"    {_expression(matches.get(name))} as {name}" for name in columns]
    listed = ",\n".join(["    {{ record_identity() }}", *lines])
    return f"select\n{listed}\nfrom {{{{ source('raw', '{source}') }}}}\n"


def _expression(match: Match | None) -> str:
    if match is None:
        return "cast(null as string)"
    return f"{{{{ {call_of(match.field.path, match.reading)} }}}}"


def call_of(path: tuple[str, ...], reading: Reading) -> str:
    """The macros that read a field."""
    call = f"{'json_value' if reading.is_value else 'json_text'}({_argument(path)})"
    for macro, arguments in reading.calls:
        call = f"{macro}({call}, {arguments})"
    return call


def _argument(path: tuple[str, ...]) -> str:
    if any("." in name for name in path):
        return f"[{', '.join(map(jinja_text, path))}]"
    return jinja_text(".".join(path))
