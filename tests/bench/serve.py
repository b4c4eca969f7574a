"""The part that measures `hub serve`: reads against the same queries in bare DuckDB, exports."""

import http.client
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

from tests.bench.findings import MEBIBYTE, Finding
from tests.bench.session import Session
from tests.bench.workbench import Workbench

_SECRET = "kU8-2fQz!7vLp0wXe5RbNc3TjYh6MdGa"
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class _Server:
    """A `hub serve` at work, and a connection to it."""

    pid: int
    connection: http.client.HTTPConnection
    headers: dict[str, str]

    def get(self, path: str) -> bytes:
        """The body of an answer, which must be 200."""
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return body

    def cpu(self) -> float:
        """Seconds of CPU that the process has taken."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK


def serve(session: Session) -> list[Finding]:
    """Reads over HTTP, warm, against the queries alone; the memory of an export."""
    findings = []
    for history in session.options.histories:
        bench = session.bench
        bench.restore(session.history(history))
        bench.hub("publish")
        with _serving(bench) as server, _bare(bench) as connection:
            findings += _reads(session, history, server, connection)
            findings.append(_export(history, server))
    return findings


def _reads(
    session: Session, history: int, server: _Server, connection: duckdb.DuckDBPyConnection
) -> list[Finding]:
    rows = connection.execute(
        "select key, key_hash, record_id from marts.events using sample reservoir(40 rows) "
        "repeatable (7)"
    ).fetchall()
    queries = {
        "by key": (
            "/data/{0}?entity=events",
            "select * from marts.events where key_hash = {1}",
        ),
        "a page of 100": (
            "/entities/events/records?after={2}&limit=100",
            "select * from marts.events where record_id > {2} order by record_id limit 100",
        ),
    }
    findings = []
    for name, (path, query) in queries.items():

        def served(path: str = path) -> None:
            for row in rows:
                server.get(path.format(*row))

        def bare(query: str = query) -> None:
            for row in rows:
                connection.execute(query.format(*row)).fetchall()

        sides = _in_turn(session.options.repeat, (served, server.cpu), (bare, time.process_time))
        ours, theirs = (statistics.median(side) / len(rows) for side in sides)
        findings.append(
            Finding(
                "serve",
                f"CPU of hub serve for a read {name}, warm, to the query in bare DuckDB",
                history,
                ours / theirs,
                "x",
                1.5,
                f"{ours * 1000:.1f} ms / {theirs * 1000:.1f} ms",
                {"hub serve": sides[0], "bare": sides[1]},
            )
        )
    return findings


Side = tuple[Callable[[], None], Callable[[], float]]


def _in_turn(repeat: int, *sides: Side) -> list[list[float]]:
    """The CPU seconds of several things, each measured by its own clock, by turns."""
    for work, _ in sides:
        work()  # warm
    taken: list[list[float]] = [[] for _ in sides]
    for _ in range(repeat):
        for seconds, (work, clock) in zip(taken, sides, strict=True):
            before = clock()
            work()
            seconds.append(clock() - before)
    return taken


def _export(history: int, server: _Server) -> Finding:
    """What exports add to the memory of the server: in itself, and in processes of their own."""
    before = _resident(server.pid)
    watch = _Watch(server.pid)
    watch.start()
    size = 0
    for form in ("ndjson", "csv", "parquet"):
        server.connection.request(
            "GET", f"/entities/events/export?format={form}", headers=server.headers
        )
        answer = server.connection.getresponse()
        while chunk := answer.read(1 << 20):
            size += len(chunk)
    watch.stop()
    return Finding(
        "serve",
        "peak memory that an export adds to hub serve, ndjson, csv or parquet",
        history,
        (watch.peak - before) / MEBIBYTE,
        "MiB",
        300,
        f"{size / MEBIBYTE:,.0f} MiB sent; the server had {before / MEBIBYTE:,.0f} MiB",
    )


@dataclass
class _Watch:
    """Samples the resident memory of a server and of the exports that it has started."""

    pid: int
    peak: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _sample(self) -> None:
        while not self._ended.wait(0.05):
            exports = [
                int(word)
                for task in Path(f"/proc/{self.pid}/task").iterdir()
                for word in (task / "children").read_text().split()
                if b"allowed_paths" in Path(f"/proc/{word}/cmdline").read_bytes()
            ]
            self.peak = max(self.peak, sum(_resident(pid) for pid in (self.pid, *exports)))


def _resident(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0  # it has ended
    return int(pages[1]) * os.sysconf("SC_PAGE_SIZE") if pages else 0


@contextmanager
def _serving(bench: Workbench) -> Iterator[_Server]:
    environment = bench.environment | {"SECRET_KEY": _SECRET}
    hub = [sys.executable, "-m", "hub"]
    token = subprocess.run(
        [*hub, "token", "--role", "reader", "--days", "1", "--subject", "bench"],
        cwd=bench.root,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    process = subprocess.Popen(
        [*hub, "serve", "--port", "0"],
        cwd=bench.root,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    try:
        found = next(
            filter(None, (re.search(r"serving on (\S+)", line) for line in process.stderr))
        )
        threading.Thread(target=process.stderr.read, daemon=True).start()
        address = urlsplit(found[1])
        connection = http.client.HTTPConnection(str(address.hostname), address.port)
        yield _Server(process.pid, connection, {"Authorization": f"Bearer {token}"})
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _bare(bench: Workbench) -> Iterator[duckdb.DuckDBPyConnection]:
    snapshot = (bench.root / "published" / "current.duckdb").resolve()
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        yield connection
