"""A client in the same process, on a project that has run its samples."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from mcp import Client

from hub.mcp.server import create_server
from hub.mcp.sql import Queries
from tests.support.workbench import Workbench


@dataclass(frozen=True)
class Told:
    """What a tool answered. data: None where it is an error."""

    is_error: bool
    text: str
    data: Any


# Called with the name of a tool and its arguments.
Ask = Callable[..., Told]


def client_of(bench: Workbench) -> Ask:
    """Asks the server of a project."""

    async def call(name: str, arguments: dict[str, Any]) -> Told:
        async with Client(create_server(bench.project, Queries())) as client:
            answer = await client.call_tool(name, arguments)
        return Told(
            bool(answer.is_error),
            "".join(part.text for part in answer.content),
            answer.structured_content,
        )

    return lambda name, **arguments: asyncio.run(call(name, arguments))


@pytest.fixture
def ask(served: Workbench) -> Ask:
    """Asks the server of a project whose samples were run."""
    return client_of(served)
