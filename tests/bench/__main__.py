"""The command line of the benchmark."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.bench import PROJECT, landing, report, runs
from tests.bench.dbt_overhead import dbt_nothing_new
from tests.bench.dlt_merge import dlt
from tests.bench.full_refresh import full_refresh_equal
from tests.bench.cpu_profile import profile
from tests.bench.measure import CommandFailed
from tests.bench.session import Options, Session
from tests.bench.warm import warm
from tests.bench.workbench import Workbench

PARTS = {
    "land-ndjson": landing.land_ndjson,
    "land-csv": landing.land_csv,
    "land-parquet": landing.land_parquet,
    "first-load": runs.first_load,
    "disk": runs.disk,
    "increment": runs.increment,
    "warm": warm,
    "nothing-new": runs.nothing_new,
    "dbt-nothing-new": dbt_nothing_new,
    "dlt": dlt,
    "full-refresh-equal": full_refresh_equal,
    "profile": profile,
}
GROUPS = {
    "land": ("land-ndjson", "land-csv", "land-parquet"),
    "run": ("first-load", "disk"),
}


def main() -> None:
    arguments = _arguments()
    chosen = [part for word in arguments.parts or PARTS for part in GROUPS.get(word, (word,))]
    bench = Workbench(arguments.work)
    try:
        options = Options(
            arguments.records, arguments.repeat, tuple(arguments.histories), arguments.batch
        )
        session = Session(options, bench)
        findings = []
        for part in dict.fromkeys(chosen):
            _progress(f"{part} ...")
            found = PARTS[part](session)
            for finding in found:
                _progress(f"  {report.as_line(finding)}")
            findings += found
    finally:
        bench.close()
    report.write_json(arguments.json, findings)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measure what the hub costs, as ratios to a baseline.",
        epilog="Example: python -m tests.bench land run --records 1000000",
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"Of {', '.join([*PARTS, *GROUPS])}."
    )
    parser.add_argument("--records", type=int, default=1_000_000, help="Records of a file.")
    parser.add_argument("--repeat", type=int, default=3, help="How often each side is measured.")
    parser.add_argument(
        "--histories",
        type=int,
        nargs="+",
        default=[1_000_000, 3_000_000],
        metavar="N",
        help="Records in the warehouse before an increment.",
    )
    parser.add_argument("--batch", type=int, default=10_000, help="Records of an increment.")
    parser.add_argument("--json", type=Path, default=PROJECT / "target" / "bench.json")
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(tempfile.gettempdir()) / "hub-bench",
    )
    arguments = parser.parse_args()
    for word in arguments.parts:
        if word not in PARTS and word not in GROUPS:
            parser.error(f"there is no part '{word}', known are {', '.join([*PARTS, *GROUPS])}")
    return arguments


def _progress(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
