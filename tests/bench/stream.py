"""The command line of the stream's benchmark: `make bench-stream`."""

import argparse
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.bench import PROJECT, report
from tests.bench.findings import Finding
from tests.bench.measure import CommandFailed
from tests.bench.stream_backlog import backlog
from tests.bench.stream_history import history
from tests.bench.stream_session import Options, StreamSession
from tests.bench.stream_slow import slow
from tests.bench.stream_steady import steady
from tests.bench.workbench import open_workbench

PARTS = {"steady": steady, "backlog": backlog, "slow": slow, "history": history}


def main() -> None:
    """Measure the parts that were asked for. Exits with 1 if a record or a stream was lost."""
    arguments = _arguments()
    options = Options(
        arguments.rate,
        arguments.seconds,
        arguments.backlog,
        arguments.flood,
        arguments.batches,
        arguments.span,
        arguments.repeat,
    )
    commit = report.current_commit()
    findings: list[Finding] = []
    try:
        with open_workbench(arguments.work) as bench:
            session = StreamSession(options, bench, bench.keep_database("blank"))
            for part in arguments.parts or PARTS:
                print(f"{part}: {(PARTS[part].__doc__ or '').splitlines()[0]}", flush=True)
                for finding in PARTS[part](session):
                    print(f"  {report.as_line(finding)}", flush=True)
                    findings.append(finding)
    except (CommandFailed, RuntimeError, AssertionError) as error:
        sys.exit(f"bench-stream: {error}")
    report.write_json(arguments.json, findings, asdict(options), commit)
    if arguments.write:
        report.write_table(report.DOCUMENT, findings, commit)
    if any(finding.is_wrong for finding in findings):
        sys.exit(1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.stream",
        description="Measure a stream of clicks: delays, costs, and whether all of them arrive.",
        epilog="Example: python -m tests.bench.stream steady --rate 500 --seconds 120",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help=f"what to measure, of {', '.join(PARTS)}; nothing: all",
    )
    for name, kind, default, meaning in (
        ("rate", float, 500, "events a second"),
        ("seconds", float, 600, "how long they are sent"),
        ("backlog", int, 200_000, "events that wait before a stream begins"),
        ("flood", int, 20_000, "events for the slow consumer"),
        ("batches", int, 100_000, "batches in the long past of a stream"),
        ("span", float, 20, "seconds of events onto each past"),
        ("repeat", int, 3, "runs of each side of a ratio"),
    ):
        parser.add_argument(f"--{name}", type=kind, default=default, help=meaning)
    parser.add_argument(
        "--json",
        type=Path,
        default=PROJECT / "target" / "bench-stream.json",
        help="the file for all that was measured",
    )
    parser.add_argument(
        "--write", action="store_true", help="also put the results into docs/performance.md"
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(tempfile.gettempdir()) / "hub-bench",
        help="the folder for warehouses",
    )
    arguments = parser.parse_args()
    for word in arguments.parts:
        if word not in PARTS:
            parser.error(f"there is no part '{word}', known are {', '.join(PARTS)}")
    return arguments


if __name__ == "__main__":
    main()
