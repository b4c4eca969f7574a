"""Prints the result of a command."""

import json
from typing import Any

import click

from hub.text.notices import render_as_of


def print_result(data: Any, shown: str, *, as_json: bool) -> None:
    """Print a result as JSON, or as the text for people.   shown: that text."""
    if isinstance(data, dict) and (as_of := data.get("as_of")):
        shown = f"{render_as_of(as_of)}\n{shown}"
    click.echo(json_of(data) if as_json else shown)


def json_of(data: Any) -> str:
    """A result as JSON, in the shape that hub/schemas/ has for its command."""
    return json.dumps(data, indent=2, default=str)
