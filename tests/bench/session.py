"""One session of the benchmark: its options, its workbench, and what several parts measure."""

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.bench.measure import Usage, in_turn
from tests.bench.workbench import Workbench, size_of


@dataclass(frozen=True)
class Options:
    """How a session is made.

    records:    how many records a file has.
    repeat:     how often each side of a ratio is measured.
    histories:  how many records stand in the warehouse before an increment, ascending.
    batch:      how many records an increment has.
    increments: how many increments one warm process takes.
    """

    records: int
    repeat: int
    histories: tuple[int, ...]
    batch: int
    increments: int


@dataclass(frozen=True)
class FirstLoad:
    """A first load, beside the two programs it is compared with.

    usages: by side (hub run, bare read_json, row by row).
    sizes:  of the database files, in bytes, likewise.
    """

    usages: dict[str, list[Usage]]
    sizes: dict[str, int]


@dataclass
class Session:
    """What was measured or made once serves all parts."""

    options: Options
    bench: Workbench
    _first_loads: dict[int, FirstLoad] = field(default_factory=dict)
    _histories: dict[int, Path] = field(default_factory=dict)

    def first_load(self, records: int) -> FirstLoad:
        """Measure the first load of so many events."""
        if records not in self._first_loads:
            self._first_loads[records] = self._measure_first_load(records)
            self._histories[records] = self.bench.keep_database(f"history-{records}")
        return self._first_loads[records]

    def history(self, records: int) -> Path:
        """The warehouse after one run over so many events."""
        if records not in self._histories:
            self.bench.empty()
            self.bench.drop("app", self.bench.file("events", "ndjson", 0, records))
            self.bench.hub("run")
            self._histories[records] = self.bench.keep_database(f"history-{records}")
        return self._histories[records]

    def _measure_first_load(self, records: int) -> FirstLoad:
        bench = self.bench
        file = bench.file("events", "ndjson", 0, records)
        sizes: dict[str, list[int]] = {}

        def sized(side: str, usage: Usage, database: Path) -> Usage:
            sizes.setdefault(side, []).append(size_of(database))
            return usage

        def bare() -> Usage:
            return sized("bare read_json", bench.bare(file), bench.bare_database)

        def hub() -> Usage:
            bench.empty()
            bench.drop("app", file)
            return sized("hub run", bench.hub("run"), bench.database)

        def row_by_row() -> Usage:
            return sized("row by row", bench.row_by_row(file), bench.sqlite_database)

        usages = in_turn(
            self.options.repeat,
            {"bare read_json": bare, "row by row": row_by_row, "hub run": hub},
        )
        return FirstLoad(usages, {side: int(median(found)) for side, found in sizes.items()})
