"""The command line of the harness."""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.torture.deliveries import deliveries, measure_other_lives, write_reference
from tests.torture.parts import PARTS, Scope
from tests.torture.pool import Pool, Trial
from tests.torture.table import Table, write_table

# on a terminal progress stays on one line
_BACK, _END = ("\r\033[K", "") if sys.stderr.isatty() else ("", "\n")


def main() -> int:
    options = _options()
    # a child that is killed leaves semaphores of dbt's behind, which are then cleaned up
    os.environ["PYTHONWARNINGS"] = "ignore::UserWarning:multiprocessing.resource_tracker"
    table = Table()
    bad = 0
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hub-torture-") as name:
        count = 2 if options.quick else 4
        delivered = deliveries(Path(name), options.seed, count)
        with Pool(Path(name), options.jobs) as pool:
            _say(f"seed {options.seed}: making references")
            for ask in (write_reference, measure_other_lives):
                pool.ask_each([partial(ask, delivery=each) for each in delivered])
            scope = Scope(pool, options.seed, options.quick, delivered)
            for part in options.parts or PARTS:
                bad += _try_all(pool, part, PARTS[part](scope), options, table)
    print(table.text())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    _say(f"{bad} bad, {time.monotonic() - start:.0f} s, {cpu:.0f} s of CPU")
    # one trial alone is no line of the table
    if options.write and options.only is None:
        write_table(table)
    return int(bad > 0)


def _try_all(
    pool: Pool, part: str, trials: Sequence[Trial], options: argparse.Namespace, table: Table
) -> int:
    """Carry out a part, with its progress on one line; returns how many were bad."""
    chosen = range(len(trials)) if options.only is None else [options.only]
    again = f"python -m tests.torture {part} --seed {options.seed}{' --quick' * options.quick}"
    bad = 0
    start = time.monotonic()
    ended = pool.carry_out([trials[number] for number in chosen])
    for done, (number, verdict, seconds) in enumerate(ended, start=1):
        table.add(verdict, seconds)
        if verdict.is_bad:
            bad += 1
            _say(f"{_BACK}BAD, to see it again: {again} --only {chosen[number]}")
            for note in verdict.notes:
                _say(f"    {note}")
        if sys.stderr.isatty() or done == len(chosen) or done % 50 == 0:
            spent = time.monotonic() - start
            _say(f"{_BACK}{part} {done}/{len(chosen)}, {bad} bad, {spent:.0f} s", end=_END)
    if sys.stderr.isatty():
        _say("")
    return bad


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.torture",
        description="Prove that nothing is lost and nothing doubled. Exits with 1 if anything was.",
    )
    parts = f"{', '.join(PARTS)}; all of them if none is named"
    parser.add_argument("parts", nargs="*", metavar="PART", help=parts)
    parser.add_argument("--seed", type=int, default=1, help="of all that is random")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--only", type=int, metavar="N", help="one trial of the part again")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at once")
    parser.add_argument(
        "--write",
        action="store_true",
        help="write docs/reliability.md: the lines of the parts tried",
    )
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}; known are {', '.join(PARTS)}")
    return options


def _say(text: str, end: str = "\n") -> None:
    print(text, end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
