"""The parts that compare the hub with other tools."""

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.bench import measure
from tests.bench.findings import Finding, ratio
from tests.bench.measure import Usage
from tests.bench.peers.environments import DLT_ARROW, DLT_JSON, PEERS, Peer, python_of
from tests.bench.runs import take_increment
from tests.bench.session import Session
from tests.bench.workbench import Workbench

# how many records dlt merges as JSON, whatever the session's size
_AS_JSON = 100_000
_FIRST_LOAD, _INCREMENT = "a first load", "an increment"
_GOALS = {(DLT_ARROW.name, _FIRST_LOAD): 1.7, (DLT_ARROW.name, _INCREMENT): 0.55}


def dlt(session: Session) -> list[Finding]:
    """`hub run` against dlt's merge of the same records, as JSON."""
    bench = session.bench
    records = min(_AS_JSON, session.options.records)
    file = bench.file("events", "ndjson", 0, records)
    take = _taking(bench, DLT_JSON)
    if take is None:
        return []
    measured = measure.in_turn(
        session.options.repeat,
        {
            "dlt merge": lambda: take(file, bench.fresh_folder(DLT_JSON.program)),
            "hub run": lambda: _first_load(bench, file),
        },
    )
    what = "CPU of hub run to dlt's JSON merge"
    return [ratio("dlt", what, records, measured, ("hub run", "dlt merge"), 0.15)]


def peers(session: Session) -> list[Finding]:
    """`hub run` against other tools that keep the newest of each key: first load and increment."""
    bench = session.bench
    records, batch = session.options.histories[0], session.options.batch
    history = bench.file("events", "ndjson", 0, records)
    addition = bench.file("events", "ndjson", records, batch, records)
    first_loads = {"hub run": lambda: _first_load(bench, history)}
    increments = {"hub run": lambda: take_increment(session, records)}
    for peer in PEERS:
        if take := _taking(bench, peer):
            print(f"  {peer.name} keeps, beside the target: {peer.keeps}", flush=True)
            empty, loaded = (bench.root / f"{peer.program}-{name}" for name in ("now", "loaded"))
            first_loads[peer.name] = _kept(take, history, empty, loaded)
            increments[peer.name] = _onto(take, addition, loaded, empty)
    return [
        *_against_each(_FIRST_LOAD, records, session.options.repeat, first_loads),
        *_against_each(_INCREMENT, batch, session.options.repeat, increments),
    ]


def _against_each(
    what: str, records: int, repeat: int, sides: dict[str, Callable[[], Usage]]
) -> list[Finding]:
    measured = measure.in_turn(repeat, sides)
    return [
        ratio(
            "peers",
            f"CPU of hub run to {name}, {what}",
            records,
            measured,
            ("hub run", name),
            _GOALS.get((name, what)),
        )
        for name in sides
        if name != "hub run"
    ]


def _first_load(bench: Workbench, file: Path) -> Usage:
    bench.empty()
    bench.drop("app", file)
    return bench.hub("run")


def _taking(bench: Workbench, peer: Peer) -> Callable[[Path, Path], Usage] | None:
    """What lets a tool take a file, in a folder; None where the tool cannot be had."""
    python = python_of(peer, bench.work / "peers")
    if python is None:
        return None
    environment = {
        name: value for name, value in bench.environment.items() if name != "PYTHONPATH"
    } | {"RUNTIME__DLTHUB_TELEMETRY": "false"}
    return lambda file, folder: measure.run(peer.command(python, file), folder, environment)


def _kept(
    take: Callable[[Path, Path], Usage], file: Path, folder: Path, kept: Path
) -> Callable[[], Usage]:
    """Take a file in an empty folder, and keep the folder as it is then."""

    def first_load() -> Usage:
        for path in (folder, kept):
            shutil.rmtree(path, ignore_errors=True)
        folder.mkdir()
        usage = take(file, folder)
        folder.rename(kept)
        return usage

    return first_load


def _onto(
    take: Callable[[Path, Path], Usage], file: Path, kept: Path, folder: Path
) -> Callable[[], Usage]:
    """Take a file onto a copy of a folder that was kept."""

    def increment() -> Usage:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(kept, folder)
        return take(file, folder)

    return increment
