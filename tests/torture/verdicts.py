"""What a trial ended in, and the examination that every trial ends with."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from loader.warehouse.snapshots import newest_snapshot, why_unpublished
from loader.warehouse.whole import what_is_half
from tests.support.published import is_published
from tests.torture.contents import account_of, compare
from tests.torture.deliveries import Task
from tests.torture.playground import RUN, Ended, Glimpse, Playground

_ERROR = re.compile(r"^hub: ", re.MULTILINE)


@dataclass(frozen=True)
class Verdict:
    """What a trial ended in.

    trial:     the line of the table that it counts for.
    times:     how many disturbances it stands for.
    lost, doubled, different: things, against an undisturbed hub.
    unclear:   commands that failed without saying where, what, and what to do.
    moments:   when it was disturbed.
    skipped:   why it could not be tried here.
    notes:     what was found wrong.
    """

    trial: str
    times: int = 1
    lost: int = 0
    doubled: int = 0
    different: int = 0
    unclear: int = 0
    moments: tuple[str, ...] = ()
    skipped: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_bad(self) -> bool:
        return bool(self.lost or self.doubled or self.different or self.unclear)


def together(trial: str, verdicts: Iterable[Verdict]) -> Verdict:
    """Several verdicts as one."""
    found = list(verdicts)
    return Verdict(
        trial,
        sum(verdict.times for verdict in found),
        sum(verdict.lost for verdict in found),
        sum(verdict.doubled for verdict in found),
        sum(verdict.different for verdict in found),
        sum(verdict.unclear for verdict in found),
        tuple(moment for verdict in found for moment in verdict.moments),
        "",
        tuple(note for verdict in found for note in verdict.notes),
    )


def noted(verdict: Verdict, note: str) -> Verdict:
    """The verdict, a bad one with this note at the head of the others."""
    return replace(verdict, notes=(note, *verdict.notes)) if verdict.is_bad else verdict


@dataclass(frozen=True)
class Examination:
    """A normal command after a disturbance, and what is wrong with what it leaves.

    task:       what was disturbed.
    then:       the normal command: RUN, or LAND, after which only what landed can be compared.
    glimpses:   what the warehouse looked like after each disturbance.
    complaints: what was wrong with how the disturbed command ended.
    is_reordered: a file lands after others that it came before. Without an event time its records
                then win over theirs, so what is built of them cannot be compared.
    """

    task: Task
    then: Sequence[str]
    glimpses: Sequence[Glimpse] = ()
    complaints: Sequence[str] = ()
    is_reordered: bool = False

    def of(self, ground: Playground, trial: str, times: int = 1) -> Verdict:
        """Run the command; compare with an undisturbed hub, and the log of runs with the truth."""
        ended = ground.hub(self.then)
        built = self.then == RUN and not self.is_reordered
        wrong = [note for glimpse in self.glimpses for note in glimpse.half_done]
        if ended.code != 0:
            wrong.append(f"the command after it ended with {ended.code}: {ended.err[-2000:]}")
        try:
            account = account_of(ground.bench.database, built=built)
            wrong += self._log_errors(ground)
            wrong += self._wrong_snapshots(ground)
        except Exception as error:
            account = {}
            wrong.append(f"the warehouse cannot be read: {error!r}")
        comparisons = [compare(expected, account) for expected in self.task.accounts(built)]
        found = min(comparisons, key=lambda each: each.lost + each.doubled + each.different)
        return Verdict(
            trial,
            times,
            found.lost,
            found.doubled,
            found.different + len(wrong),
            len(self.complaints),
            tuple(glimpse.moment for glimpse in self.glimpses),
            "",
            (*self.complaints, *wrong, *found.notes),
        )

    def _wrong_snapshots(self, ground: Playground) -> list[str]:
        """What is wrong with the published snapshot: after a run it is the warehouse itself, after
        a landing it may be older, where that left half a run as it was."""
        database = ground.bench.database
        snapshot = newest_snapshot(database)
        if is_published(database):
            return []
        if self.then == RUN or not why_unpublished(database):
            return [f"the newest snapshot, {snapshot}, is not the warehouse"]
        half = what_is_half(snapshot) if snapshot else None
        return [f"half a run is published: {half}"] if half else []

    def _log_errors(self, ground: Playground) -> list[str]:
        runs = ground.bench.sql("select run_id, status, had_work from ops.runs order by run_id")
        statuses = [status for _, status, _ in runs]
        wrong = []
        if "running" in statuses or statuses[-1] != "succeeded":
            wrong.append(f"the log of runs says {statuses}")
        for glimpse in self.glimpses:
            for number, status in enumerate(glimpse.statuses):
                told = statuses[number] if number < len(statuses) else None
                if told != ("interrupted" if status == "running" else status):
                    wrong.append(f"a run that was {status} is now {told}")
        latest, _, had_work = runs[-1]
        # a run that finds nothing new writes no receipt
        if self.then == RUN and had_work is not False:
            receipt = json.loads((ground.root / "receipts" / "latest.json").read_text())
            if (receipt["run_id"], receipt["status"]) != (latest, "succeeded"):
                wrong.append(f"the latest receipt is of {receipt['run_id']}, {receipt['status']}")
        return wrong


def complaints_about(ended: Ended) -> list[str]:
    """What is wrong with how a command failed: it should say where, what, and what to do."""
    wrong = []
    if ended.code not in (1, 2):
        wrong.append(f"exit code {ended.code} instead of 1")
    if "Traceback" in ended.err or "Traceback" in ended.out:
        wrong.append(f"a traceback, ending in {ended.err.strip().splitlines()[-1:]}")
    elif not _ERROR.search(ended.err) and " failed in " not in ended.out.partition("\n")[0]:
        wrong.append(f"neither an error nor a receipt: {ended.err[:300]!r} {ended.out[:300]!r}")
    return wrong
