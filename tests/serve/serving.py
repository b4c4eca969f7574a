"""A server for tests: in this process, on a thread, or as `hub serve`."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from hub.serve.access import Role, issue_token
from hub.serve.app import create_app
from hub.serve.patience import PatientProtocol
from hub.serve.server import CONNECTIONS
from hub.serve.settings import ServeSettings
from tests.support.workbench import Workbench

SECRET = "kU8-2fQz!7vLp0wXe5RbNc3TjYh6MdGa"


def token(role: Role = Role.READER, subject: str = "mia", days: float = 1) -> str:
    return issue_token(SECRET, subject, role, timedelta(days=days))


def bearing(role: Role = Role.READER) -> dict[str, str]:
    """The headers of somebody with this role."""
    return {"Authorization": f"Bearer {token(role)}"}


def application(bench: Workbench, **settings: Any) -> FastAPI:
    return create_app(bench.project, ServeSettings(secret_key=SECRET, **settings))


def client_of(app: FastAPI, role: Role | None = Role.READER) -> TestClient:
    """A client in this process; errors of the application are answers to it, as to all others."""
    headers = bearing(role) if role else {}
    return TestClient(app, headers=headers, raise_server_exceptions=False)


@contextmanager
def on_a_thread(
    app: FastAPI, protocol: type[PatientProtocol] = PatientProtocol, **config: Any
) -> Iterator[int]:
    """The application behind a real socket; gives its port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=protocol, **{**CONNECTIONS, **config}))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)


@dataclass
class Served:
    """A `hub serve` at work."""

    process: "subprocess.Popen[str]"
    base: str
    log: list[str]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def hub_serve(bench: Workbench, *words: str | Path, **environment: str) -> Iterator[Served]:
    """`hub serve` as a process, on a free port, until the block is left."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("API_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", "serve", "--port", "0", *map(str, words)],
        cwd=bench.root,
        env=known | {"SECRET_KEY": SECRET, "PYTHONPATH": os.pathsep.join(sys.path)} | environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    log: list[str] = []
    base = ""
    for line in process.stderr:
        log.append(line)
        if found := re.search(r"serving on (https?://[^\s\"]+)", line):
            base = found[1]
            break
    assert base, "".join(log)
    # a pipe that nobody reads would stop it
    reader = threading.Thread(target=lambda: log.extend(process.stderr or ()), daemon=True)
    reader.start()
    try:
        yield Served(process, base, log)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)
        reader.join(10)


def ended(client: httpx.Client | TestClient, run: str, seconds: float = 120) -> dict[str, Any]:
    """What /runs/{id} says of a run as soon as it has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        told: dict[str, Any] = client.get(f"/runs/{run}").json()
        if told["status"] != "running":
            return told
        time.sleep(0.2)
    raise AssertionError(f"{run} is still at work")
