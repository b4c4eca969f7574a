"""Kills landings on a lakehouse, lets two land at once, and looks what became of every record.

`python -m tests.delta.trials --kills 200` prints a line for each kind of trial. A landing is a fork
of this process, which never uses delta-rs itself: its threads would not survive the fork.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from hub.commands import landing
from loader.config.project import Project, open_project
from tests.support.workbench import PROJECT

_SOURCES = ("app", "web", "partner")
_LANDINGS_UNTIL_KILLED = 20
DEADLINE = 120.0


@dataclass(frozen=True)
class Ground:
    """A landing folder and a lakehouse.

    contents: the lines of each file by its name in the ledger; a copy is not among them.
    """

    root: Path
    contents: dict[str, list[str]]

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    def land(self) -> None:
        """A landing to its end. Raises what that raises."""
        landing.land_into_lakehouse(self._project(), (), str(self.lake))

    def _project(self) -> Project:
        return open_project(
            str(self.root / "none.duckdb"), str(self.root / "landing"), str(PROJECT)
        )


def make_ground(root: Path, rng: random.Random) -> Ground:
    """Files of some sources: small and large ones, copies, and some that cannot be read."""
    contents = {}
    for source in _SOURCES:
        folder = root / "landing" / source
        folder.mkdir(parents=True)
        for number in range(rng.randint(2, 4)):
            rows = rng.choice((1, 3, 40, 3000))
            lines = [
                json.dumps({"key": f"{source}-{number}-{row}", f"f{row % 3}": row})
                for row in range(rows)
            ]
            name = f"{number}.ndjson"
            (folder / name).write_text("".join(f"{line}\n" for line in lines))
            contents[f"{source}/{name}"] = lines
        (folder / "copy.ndjson").write_bytes((folder / "0.ndjson").read_bytes())
        (folder / "cut.json").write_text(f'[{{"key": "{source}"')
    return Ground(root, contents)


def faults_of(ground: Ground) -> list[str]:
    """What is wrong with what landed: records lost or doubled, a ledger that does not agree."""
    from tests.delta.lake import Lake

    lake = Lake(str(ground.lake))
    faults = []
    ledger = lake.sql("select load_id, source, file, status, rows from raw.loads", "raw.loads")
    numbers = Counter(load_id for load_id, *_ in ledger)
    faults += [
        f"number {number} given {times} times" for number, times in numbers.items() if times > 1
    ]
    names = Counter(file for _, _, file, _, _ in ledger)
    faults += [f"{file} in the ledger {times} times" for file, times in names.items() if times > 1]
    # of two copies, either may have landed
    landed = {
        file.replace("copy.", "0."): load_id
        for load_id, _, file, status, _ in ledger
        if status == "landed"
    }
    away = {file for _, _, file, status, _ in ledger if status == "quarantined"}
    if away != {f"{source}/cut.json" for source in _SOURCES}:
        faults.append(f"turned away: {away}")
    if set(landed) != set(ground.contents):
        faults.append(f"landed: {set(landed) ^ set(ground.contents)}")
    for source in _SOURCES:
        rows = lake.sql(
            "select load_id, list(record order by row_number), "
            f"list(row_number order by row_number) from raw.{source} group by load_id",
            f"raw.{source}",
        )
        held = {load_id: (records, places) for load_id, records, places in rows}
        expected = {
            landed.get(file): (lines, list(range(1, len(lines) + 1)))
            for file, lines in ground.contents.items()
            if file.startswith(f"{source}/")
        }
        if held != expected:
            faults.append(f"raw.{source} is not what the files say")
    seen = lake.sql(
        "select load_id, field, sum(records)::bigint from raw.fields group by all", "raw.fields"
    )
    fields = {
        (landed[file], name, number)
        for file, lines in ground.contents.items()
        if file in landed
        for name, number in Counter(name for line in lines for name in json.loads(line)).items()
    }
    if set(seen) != fields or len(seen) != len(fields):
        faults.append("raw.fields is not what the records have")
    return faults


# ----------------------------------------------------------------------------------------- children


def _start(work: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        sys.stderr = open(os.devnull, "w") if not os.environ.get("TRIALS_LOUD") else sys.stderr  # noqa: SIM115, PTH123
        work()
        code = 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def _wait(child: int) -> int:
    """The exit code of a child, less than 0 for a signal; one that hangs is killed."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGALRM


def _examined(ground: Ground) -> list[str]:
    """Faults after a landing that nobody disturbs, in a child."""
    found = ground.root / "faults.json"

    def work() -> None:
        ground.land()
        found.write_text(json.dumps(faults_of(ground)))

    code = _wait(_start(work))
    return (
        list(json.loads(found.read_text()))
        if code == 0
        else [f"the next landing ended with {code}"]
    )


def _killed_at(step: int) -> Callable[[Ground], None]:
    """A landing that kills itself before or after one of its commits; even steps are after."""

    def work(ground: Ground) -> None:
        from loader.delta.tables import DeltaTables

        count = 0

        def counted(usual: Callable[..., object]) -> Callable[..., object]:
            def call(*args: object, **options: object) -> object:
                _step()
                result = usual(*args, **options)
                _step()
                return result

            return call

        def _step() -> None:
            nonlocal count
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)

        with (
            patch.object(DeltaTables, "write", counted(DeltaTables.write)),
            patch.object(DeltaTables, "commit_number", counted(DeltaTables.commit_number)),
        ):
            ground.land()

    return work


# ------------------------------------------------------------------------------------------- trials


def kill_at_random(ground: Ground, rng: random.Random) -> list[str]:
    """One to three landings in a row are killed at random moments."""
    life = 1.0
    for _ in range(rng.randint(1, 3)):
        for _ in range(_LANDINGS_UNTIL_KILLED):
            child = _start(ground.land)
            time.sleep(rng.uniform(0, life))
            os.kill(child, signal.SIGKILL)
            if _wait(child) == -signal.SIGKILL:
                break
            life *= 0.7
    return _examined(ground)


def kill_at_step(step: int) -> Callable[[Ground, random.Random], list[str]]:
    """A landing is killed before or after its n-th commit."""

    def trial(ground: Ground, rng: random.Random) -> list[str]:
        _wait(_start(lambda: _killed_at(step)(ground)))
        return _examined(ground)

    return trial


def two_at_once(ground: Ground, rng: random.Random) -> list[str]:
    """Two landings of the same files at once, of which every third is killed."""
    children = [_start(ground.land), _start(ground.land)]
    is_killed = rng.random() < 1 / 3
    if is_killed:
        time.sleep(rng.uniform(0, 1))
        os.kill(children[0], signal.SIGKILL)
    codes = [_wait(child) for child in children]
    failed = [code for code in codes[is_killed:] if code]
    return [f"a landing ended with {code}" for code in failed] + _examined(ground)


def carry_out(trials: list[Callable[[Ground, random.Random], list[str]]], seed: int) -> list[str]:
    """The faults of all trials, each on a ground of its own."""
    faults = []
    for number, trial in enumerate(trials):
        rng = random.Random(f"{seed}-{number}")
        root = Path(tempfile.mkdtemp(prefix="hub-trial-"))
        try:
            found = trial(make_ground(root, rng), rng)
            faults += [f"trial {number}: {fault}" for fault in found]
        finally:
            shutil.rmtree(root, ignore_errors=True)
    return faults


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--pairs", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    kinds = {
        "killed at random moments": [kill_at_random] * options.kills,
        "killed before or after a commit": [
            kill_at_step(step) for step in range(1, options.steps + 1)
        ],
        "two at once": [two_at_once] * options.pairs,
    }
    failed = False
    for kind, trials in kinds.items():
        faults = carry_out(trials, options.seed)
        failed = failed or bool(faults)
        print(
            f"{kind}: {len(trials)} trials, {len(faults)} faults", *faults, sep="\n  ", flush=True
        )
    sys.exit(failed)


if __name__ == "__main__":
    main()
