"""The command line of the benchmark."""

import argparse
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.bench import PROJECT, landing, report, runs
from tests.bench.cpu_profile import profile
from tests.bench.dbt_overhead import dbt_nothing_new
from tests.bench.dlt_merge import dlt
from tests.bench.findings import Finding
from tests.bench.full_refresh import full_refresh_equal
from tests.bench.measure import CommandFailed
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
        findings = _measure(list(dict.fromkeys(chosen)), options, arguments.work)
    except CommandFailed as error:
        sys.exit(f"bench: {error}")
    report.write_json(arguments.json, findings, asdict(options), commit)
    if arguments.write:
        report.write_table(report.DOCUMENT, findings, commit)
    if any(finding.is_wrong for finding in findings):
        sys.exit(1)


def _measure(parts: list[str], options: Options, work: Path) -> list[Finding]:
    findings = []
    with open_workbench(work) as bench:
        session = Session(options, bench)
        for part in parts:
            print(f"{part}: {(PARTS[part].__doc__ or '').splitlines()[0]}", flush=True)
            for finding in PARTS[part](session):
                print(f"  {report.as_line(finding)}", flush=True)
                findings.append(finding)
    return findings


def _arguments() -> argparse.Namespace:
    known = ", ".join([*PARTS, *GROUPS])
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measure what the hub costs, as ratios to baselines of the same session.",
        epilog="Example: python -m tests.bench land run --records 1000000 --write",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"what to measure, of {known}; nothing: all"
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
    parser.add_argument(
        "--json",
        type=Path,
        default=PROJECT / "target" / "bench.json",
        help="the file for all that was measured",
    )
    parser.add_argument(
        "--write", action="store_true", help="also put the results into docs/performance.md"
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(tempfile.gettempdir()) / "hub-bench",
        help="the folder for records, which are kept for next time, and warehouses",
    )
    arguments = parser.parse_args()
    for word in arguments.parts:
        if word not in PARTS and word not in GROUPS:
            parser.error(f"there is no part '{word}', known are {known}")
    return arguments


def _positive(text: str) -> int:
    number = int(text.replace("_", "").replace(",", ""))
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


if __name__ == "__main__":
    main()
