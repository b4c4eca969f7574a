"""What the command lines of both benchmarks have in common."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench import PROJECT, report
from tests.bench.findings import Finding


def new_parser(
    module: str, description: str, example: str, parts: Collection[str]
) -> argparse.ArgumentParser:
    """A parser that knows which parts there are, and where to put what was measured."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=description,
        epilog=f"Example: python -m {module} {example}",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    known = ", ".join(parts)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"what to measure, of {known}; nothing: all"
    )
    name = module.removeprefix("tests.").replace(".", "-")
    parser.add_argument(
        "--json",
        type=Path,
        default=PROJECT / "target" / f"{name}.json",
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
    return parser


def parsed(parser: argparse.ArgumentParser, parts: Collection[str]) -> argparse.Namespace:
    """The arguments; ends with a usage error where one names a part that there is not."""
    arguments = parser.parse_args()
    for word in arguments.parts:
        if word not in parts:
            parser.error(f"there is no part '{word}', known are {', '.join(parts)}")
    return arguments


def measured(
    parts: Mapping[str, Callable[[Any], list[Finding]]], chosen: Iterable[str], session: Any
) -> list[Finding]:
    """What the chosen parts find in the session, printed as it is found."""
    findings = []
    for part in chosen:
        print(f"{part}: {(parts[part].__doc__ or '').splitlines()[0]}", flush=True)
        for finding in parts[part](session):
            print(f"  {report.as_line(finding)}", flush=True)
            findings.append(finding)
    return findings


def write_down(
    findings: list[Finding], options: Any, commit: str, arguments: argparse.Namespace
) -> None:
    """Write what was found to where the arguments say. Exits with 1 where a check failed."""
    report.write_json(arguments.json, findings, asdict(options), commit)
    if arguments.write:
        report.write_table(report.DOCUMENT, findings, commit)
    if any(finding.is_wrong for finding in findings):
        sys.exit(1)
