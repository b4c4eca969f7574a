"""One session of the benchmark: its options, its workbench, and what several parts measure."""

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.bench.measure import Usage, in_turn
from tests.bench.workbench import Workbench, size_of


@dataclass(frozen=True)
class Options:
    """How a session is made.

    records:   how many records a file has.     repeat: how often each side is measured.
    histories: how many records stand in the warehouse before an increment, ascending.
    batch:     how many records an increment has.
    """

    records: int
    repeat: int
    histories: tuple[int, ...]
    batch: int


@dataclass(frozen=True)
class FirstLoad:
    """The first load, beside the two programs it is compared with.

    usages: by side (hub run, bare read_json, row by row).   sizes: of the database files, in bytes.
    """

    usages: dict[str, list[Usage]]
    sizes: dict[str, int]


@dataclass
class Session:
    options: Options
    bench: Workbench
    _first_loads: dict[int, FirstLoad] = field(default_factory=dict)
    _histories: dict[int, Path] = field(default_factory=dict)

    def first_load(self, records: int) -> FirstLoad:
        """Measure the first load of so many records, once in a session."""
        if records not in self._first_loads:
            self._first_loads[records] = self._measure_first_load(records)
        return self._first_loads[records]

    def _measure_first_load(self, records: int) -> FirstLoad:
        bench = self.bench
        file = bench.file("events", "ndjson", 0, records)
        sizes: dict[str, list[int]] = {}

        def measured(name: str, database: Path, usage: Usage) -> Usage:
            sizes.setdefault(name, []).append(size_of(database))
            return usage

        def hub() -> Usage:
            bench.empty()
            bench.drop("app", file)
            return measured("hub run", bench.database, bench.hub("run"))

        def bare() -> Usage:
            return measured("bare read_json", bench.bare_database, bench.bare(file))

        def row_by_row() -> Usage:
            return measured("row by row", bench.sqlite_database, bench.row_by_row(file))

        usages = in_turn(
            self.options.repeat,
            {"bare read_json": bare, "hub run": hub, "row by row": row_by_row},
        )
        return FirstLoad(usages, {name: int(median(found)) for name, found in sizes.items()})

    def history(self, records: int) -> Path:
        """The warehouse after one run over so many events; made once in a session."""
        if records not in self._histories:
            bench = self.bench
            bench.empty()
            bench.drop("app", bench.file("events", "ndjson", 0, records))
            bench.hub("run")
            self._histories[records] = bench.keep_database(f"history-{records}")
        return self._histories[records]
