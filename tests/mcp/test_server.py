"""`hub mcp` as the process that clients start, and what docs/mcp.md says of it."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from tests.mcp.test_tools import CALLS
from tests.project.test_docs import blocks, sections
from tests.support.workbench import PROJECT

pytestmark = pytest.mark.slow

HUB = Path(sys.executable).with_name("hub")
GREETING = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


@pytest.fixture
def server(served):
    """The process, greeted."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen([HUB, "mcp"], text=True, **pipes) as process:
        send(process, GREETING)
        assert json.loads(process.stdout.readline())["result"]["serverInfo"]["name"] == "hub"
        send(process, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        yield process
        process.kill()


def send(process, message):
    process.stdin.write(f"{json.dumps(message)}\n")
    process.stdin.flush()


def ask(process, number, query):
    send(
        process,
        {
            "jsonrpc": "2.0",
            "id": number,
            "method": "tools/call",
            "params": {"name": "query_sql", "arguments": {"query": query}},
        },
    )


def workers_of(process) -> list[int]:
    """The processes that the server has started."""
    children = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(number) for path in children for number in path.read_text().split()]


def wait_for_worker(process) -> int:
    deadline = time.monotonic() + 60
    while not (found := workers_of(process)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found[0]


def is_at_work(number: int) -> bool:
    """Whether a process is, and has not ended."""
    try:
        return ") Z " not in Path(f"/proc/{number}/stat").read_text()
    except FileNotFoundError:
        return False


def test_a_client_that_follows_the_docs_gets_answers(served):
    text = (PROJECT / "docs" / "mcp.md").read_text()
    [registered] = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    settings = json.loads(registered.replace("/srv/hub/.venv", str(HUB.parents[1])))
    hub = settings["mcpServers"]["hub"]
    words = [word.replace("/srv/hub", str(served.root)) for word in hub["args"]]

    async def call():
        parameters = StdioServerParameters(command=hub["command"], args=words, cwd="/")
        async with Client(parameters) as client:
            return await client.call_tool("find_record", {"key": "evt-003"})

    answer = asyncio.run(call())
    assert answer.structured_content["found"][0]["row"]["key"] == "evt-003"


def test_a_worker_that_somebody_kills_leaves_the_server_answering(server):
    ask(server, 2, "select sleep_ms(100000)")
    os.kill(wait_for_worker(server), signal.SIGKILL)
    killed = json.loads(server.stdout.readline())
    assert killed["id"] == 2
    assert killed["result"]["isError"] is True
    assert "SIGKILL" in killed["result"]["content"][0]["text"]
    ask(server, 3, "select 42 as answer")
    answered = json.loads(server.stdout.readline())
    assert answered["result"]["structuredContent"]["rows"] == [[42]]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_with_the_queries_that_are_at_work(server, number):
    ask(server, 2, "select sleep_ms(100000)")
    worker = wait_for_worker(server)
    server.send_signal(number)
    assert server.wait(timeout=30) == 0
    assert server.stdout.read() == ""
    deadline = time.monotonic() + 15  # by itself it would end later
    while is_at_work(worker):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_end_of_its_input_ends_it(server):
    server.stdin.close()
    assert server.wait(timeout=30) == 0


def test_what_is_no_message_leaves_it_answering(server):
    server.stdin.write('no json\n{"jsonrpc": "2.0"}\n[1, 2]\n')
    ask(server, 2, "select 1")
    lines = []
    while not lines or lines[-1].get("id") != 2:
        lines.append(json.loads(server.stdout.readline()))
    assert lines[-1]["result"]["structuredContent"]["rows"] == [[1]]


def test_outside_of_a_project_it_says_so_before_any_message(tmp_path):
    done = subprocess.run(
        [HUB, "mcp"], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("hub: ")


@pytest.mark.check
def test_the_docs_have_every_tool_and_every_limit():
    parts = sections("docs/mcp.md")
    rows = re.findall(r"^\| (`\w+`.*?) \|", parts["What it answers"], re.MULTILINE)
    assert re.findall(r"`(\w+)`", " ".join(rows)) == [*CALLS]
    limits = parts["What a query may do"]
    for value in ("20 s", "512 MB", "2 GB", "1,000", "50,000", "2,000"):
        assert value in limits
    assert [block.file for block in blocks("".join(parts.values())) if block.file] == ["ask_hub.py"]
