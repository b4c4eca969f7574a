"""The command line of the benchmark."""

import argparse
import sys

from tests.bench import landing, report, runs
from tests.bench.command_line import measured, new_parser, parsed, write_down
from tests.bench.cpu_profile import profile
from tests.bench.dbt_overhead import dbt_nothing_new
from tests.bench.full_refresh import full_refresh_equal
from tests.bench.measure import CommandFailed
from tests.bench.peers.parts import dlt, peers
from tests.bench.publishing import publishing
from tests.bench.serve import serve
from tests.bench.session import Options, Session
from tests.bench.warm import warm
from tests.bench.workbench import open_workbench

PARTS = {
    "land-ndjson": landing.land_ndjson,
    "land-csv": landing.land_csv,
    "land-parquet": landing.land_parquet,
    "first-load": runs.first_load,
    "disk": runs.disk,
    "increment": runs.increment,
    "warm": warm,
    "publish": publishing,
    "nothing-new": runs.nothing_new,
    "dbt-nothing-new": dbt_nothing_new,
    "dlt": dlt,
    "peers": peers,
    "full-refresh-equal": full_refresh_equal,
    "serve": serve,
    "profile": profile,
}
GROUPS = {
    "land": ("land-ndjson", "land-csv", "land-parquet"),
    "run": ("first-load", "disk"),
}


def main() -> None:
    """Measure the parts that were asked for. Exits with 1 if a check or a command failed."""
    arguments = _arguments()
    options = Options(
        records=arguments.records,
        repeat=arguments.repeat,
        histories=tuple(sorted(arguments.histories)),
        batch=arguments.batch,
        increments=arguments.increments,
    )
    chosen = [part for word in arguments.parts or PARTS for part in GROUPS.get(word, (word,))]
    commit = report.current_commit()
    try:
        with open_workbench(arguments.work, publishes=False) as bench:
            findings = measured(PARTS, dict.fromkeys(chosen), Session(options, bench))
    except CommandFailed as error:
        sys.exit(f"bench: {error}")
    write_down(findings, options, commit, arguments)


def _arguments() -> argparse.Namespace:
    known = [*PARTS, *GROUPS]
    parser = new_parser(
        "tests.bench",
        "Measure what the hub costs, as ratios to baselines of the same session.",
        "land run --records 1000000 --write",
        known,
    )
    parser.add_argument("--records", type=_positive, default=1_000_000, help="records of a file")
    parser.add_argument("--repeat", type=_positive, default=3, help="runs of each side")
    parser.add_argument(
        "--histories",
        type=_positive,
        nargs="+",
        default=[1_000_000, 3_000_000],
        metavar="N",
        help="records in the warehouse before an increment; the least one serves other parts",
    )
    parser.add_argument("--batch", type=_positive, default=10_000, help="records of an increment")
    parser.add_argument("--increments", type=_positive, default=10, help="increments of `warm`")
    return parsed(parser, known)


def _positive(text: str) -> int:
    number = int(text.replace("_", "").replace(",", ""))
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


if __name__ == "__main__":
    main()
