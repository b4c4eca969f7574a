"""The command line of the stream's benchmark: `make bench-stream`."""

import argparse
import sys

from tests.bench import report
from tests.bench.command_line import measured, new_parser, parsed, write_down
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
    try:
        with open_workbench(arguments.work, publishes=True) as bench:
            session = StreamSession(options, bench, bench.keep_database("blank"))
            findings = measured(PARTS, arguments.parts or PARTS, session)
    except (CommandFailed, RuntimeError, AssertionError) as error:
        sys.exit(f"bench-stream: {error}")
    write_down(findings, options, commit, arguments)


def _arguments() -> argparse.Namespace:
    parser = new_parser(
        "tests.bench.stream",
        "Measure a stream of clicks: delays, costs, and whether all of them arrive.",
        "steady --rate 500 --seconds 120",
        PARTS,
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
    return parsed(parser, PARTS)


if __name__ == "__main__":
    main()
