"""What is read of the log of a table that others go on writing to."""

from datetime import datetime
from typing import Any

from loader.delta.commits import load_commits, metadata_of
from loader.warehouse.ledger import Load


class Opened:
    """A table that was opened at a version, whose log tells of later ones first, as delta-rs's."""

    def __init__(self, opened_at: int, last: int) -> None:
        self.opened_at, self.last = opened_at, last

    def version(self) -> int:
        return self.opened_at

    def history(self, limit: int) -> list[dict[str, Any]]:
        moment = datetime(2025, 1, 15)
        return [
            {"version": each, **metadata_of(load(each), moment, [("key", "string", 1)])}
            for each in range(self.last, -1, -1)
        ][:limit]


def load(number: int) -> Load:
    return Load(number, "app", f"app/{number}", "", 1, 1, "landed", None, modified_at=None)


def test_commits_after_the_table_was_opened_hide_none_before_it() -> None:
    for opened_at in range(4):
        for since in range(opened_at + 1):
            for last in range(opened_at, 9):
                commits = load_commits(Opened(opened_at, last), since)  # type: ignore[arg-type]
                numbers = [commit.load.load_id for commit in commits]
                assert numbers == list(range(since + 1, opened_at + 1))
