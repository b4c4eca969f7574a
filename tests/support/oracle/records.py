"""What the oracle keeps: the loads, their records, and every decision on each."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.support.oracle.checking import Checked, Rules
from tests.support.oracle.files import File, Read, RowId

ACCEPTED = ("applied", "superseded", "outdated")


@dataclass(frozen=True)
class Run:
    """A run: its number, and the moment that counted as now."""

    number: int
    now: datetime


@dataclass(eq=False)
class Load:
    """A file that landed. landed_at is known once the hub has been asked."""

    number: int
    name: str
    source: str
    file: File
    landed_at: datetime | None = None


@dataclass(eq=False)
class Decision:
    """One decision on a record.

    arrival:   its place in the order of arrival: its own, or that of what it repeats under other
               rules.
    original:  what a duplicate repeats.
    is_repeat: whether it says nothing new, although duplicates pass.
    is_text_kept: whether the hub keeps a digest of the text, by which letters are found.
    """

    run: Run
    attempt: int
    rules: Rules
    checked: Checked
    arrival: int
    outcome: str = ""
    original: "Record | None" = None
    is_repeat: bool = False
    is_tie: bool = False
    is_letter: bool = False
    is_text_kept: bool = False

    @property
    def is_accepted(self) -> bool:
        """A candidate has no outcome yet, and will be accepted."""
        return self.outcome in ("", *ACCEPTED)

    @property
    def contends(self) -> bool:
        """Whether it can be what its key holds."""
        return self.is_accepted and not self.is_repeat


@dataclass(eq=False)
class Record:
    """A landed record, or a deletion that a full delivery implies, which has no text.

    number:   its place in its file from 1; 0 of an implied deletion.
    arrival:  its place among all records.
    before:   the record at the same place of the file's version before, where it is the same.
    decisions: all since everything was last decided anew; the last one counts. None while it
               waits, as it does where its key was decided again while its source was not
               registered.
    """

    entity: str
    source: str
    load: Load
    number: int
    arrival: int
    read: Read
    before: "Record | None" = None
    decisions: list[Decision] = field(default_factory=list)

    @property
    def row_id(self) -> RowId:
        return (self.load.name, self.number)

    @property
    def text(self) -> str:
        return self.read.text

    @property
    def is_implied(self) -> bool:
        return self.number == 0

    @property
    def last(self) -> Decision:
        return self.decisions[-1]

    @property
    def is_decided(self) -> bool:
        return bool(self.decisions)

    # what the last decision says, for tests that ask for it

    @property
    def outcome(self) -> str:
        return self.last.outcome

    @property
    def key(self) -> str | None:
        return self.last.checked.key

    @property
    def content(self) -> tuple[Any, ...]:
        return self.last.checked.content

    @property
    def event_time(self) -> datetime | None:
        return self.last.checked.event_time


def place_of(record: Record) -> int:
    """The place in the order of arrival that a repeat of the record takes: what a duplicate repeats
    gives its own."""
    while record.last.original is not None:
        record = record.last.original
    return record.last.arrival
