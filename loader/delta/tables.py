"""Creates, reads and writes tables of Delta Lake, by delta-rs."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from loader.delta.place import Place
from loader.delta.types import delta_type, from_delta, to_delta
from loader.errors import HubError, error_of_the_machine
from loader.objects.bucket import said

if TYPE_CHECKING:
    import duckdb
    from deltalake import DeltaTable, WriterProperties
    from pyarrow.dataset import Dataset  # type: ignore[import-untyped]

    from loader.warehouse.tables import Described

T = TypeVar("T")

# A table is looked for by a request or two, which take their time in a bucket.
ASKED_AT_ONCE = 8
# So long a commit is tried again while other processes commit before it.
_PATIENCE_SECONDS = 120.0
_LONGEST_PAUSE = 0.5
# What a landing did not complete is read from the log of a table, so it is kept for long.
_LOG_KEPT = {"delta.logRetentionDuration": "interval 365 days"}
# Rows that the writer collects before it writes them: they may be long.
_ROW_GROUP = 50_000


@dataclass(frozen=True)
class Query:
    """A query on the workspace, with its parameters."""

    sql: str
    parameters: Sequence[object] = ()


@dataclass(frozen=True)
class Marks:
    """What a commit says besides its rows.

    metadata:     by name.
    transactions: numbers by the name of their application transaction. Of two commits at once that
                  name the same one, the second fails.
    """

    metadata: dict[str, str]
    transactions: dict[str, int]


NO_MARKS = Marks({}, {})


class DeltaTables:
    """The tables at a place. Whatever it does raises HubError where that cannot be reached, read or
    written."""

    def __init__(self, place: Place, described: dict[str, Described]) -> None:
        self.place = place
        self.described = described
        self._opened: dict[str, DeltaTable] = {}

    def create_missing(self) -> None:
        """Create, empty, those of the described tables that are not there."""
        from deltalake import DeltaTable

        def is_there(table: str) -> bool:
            return DeltaTable.is_deltatable(self.place.of(table), self.place.options)

        with self._told("cannot be written"), ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
            found = zip(self.described, pool.map(is_there, self.described), strict=True)
            for table in [table for table, there in found if not there]:
                self._create(table)

    def _create(self, table: str) -> None:
        from deltalake import CommitProperties, DeltaTable, Schema
        from deltalake.exceptions import DeltaError

        description, columns = self.described[table]
        fields = [
            {
                "name": name,
                "type": delta_type(declared),
                "nullable": True,
                "metadata": {"comment": meaning},
            }
            for name, declared, meaning in columns
        ]
        try:
            DeltaTable.create(
                self.place.of(table),
                Schema.from_json(json.dumps({"type": "struct", "fields": fields})),
                mode="ignore",
                description=description,
                configuration=_LOG_KEPT,
                storage_options=self.place.options,
                # else a second one would be made over that of a process that was a bit faster
                commit_properties=CommitProperties(max_commit_retries=0),
            )
        except DeltaError:
            if not DeltaTable.is_deltatable(self.place.of(table), self.place.options):
                raise

    def open(self, table: str) -> DeltaTable:
        """A table as it is now."""
        from deltalake import DeltaTable

        with self._told("cannot be read"):
            return DeltaTable(self.place.of(table), storage_options=self.place.options)

    def dataset(self, table: str) -> Dataset | None:
        """A table as it is now, to be read by pyarrow; None where it is not there."""
        from deltalake import DeltaTable

        with self._told("cannot be read"):
            if not DeltaTable.is_deltatable(self.place.of(table), self.place.options):
                return None
            return self.open(table).to_pyarrow_dataset()

    def refreshed(self, table: str) -> DeltaTable:
        """A table as it is now, for which only what is new since the last call is read."""
        if table not in self._opened:
            self._opened[table] = self.open(table)
        else:
            with self._told("cannot be read"):
                self._opened[table].update_incremental()
        return self._opened[table]

    def read(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: str,
        into: str,
        where: str = "true",
        opened: DeltaTable | None = None,
    ) -> DeltaTable:
        """Insert the rows of a table that meet a SQL condition into one of the workspace; returns
        the table as it was read.   opened: the table, where it is to be read as it was then."""
        from deltalake import QueryBuilder

        opened = opened or self.open(table)
        columns = self.described[table][1]
        names = ", ".join(name for name, _, _ in columns)
        with self._told("cannot be read"):
            rows = (
                QueryBuilder()
                .register("stored", opened)
                .execute(f"select {names} from stored where {where}")
            )
            connection.register("rows_of_delta", rows)
            try:
                values = ", ".join(from_delta(name, declared) for name, declared, _ in columns)
                connection.execute(f"insert into {into} by name select {values} from rows_of_delta")
            finally:
                connection.unregister("rows_of_delta")
        return opened

    def write(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: DeltaTable,
        name: str,
        queries: Iterable[Query],
        *,
        marks: Marks = NO_MARKS,
        replaced: str | None = None,
        is_alone: bool = False,
    ) -> None:
        """Add rows of the workspace to a table in one commit.

        table, name: the table as it was opened, and what it is called.
        queries:     give its columns; the rows of one at a time are in memory.
        replaced:    a SQL condition: rows that meet it are taken out, and all new rows meet it.
        is_alone:    fail, with CommitFailedError, where the table has changed since it was opened;
                     otherwise only where a change does not go with this one.
        """
        from arro3.core import RecordBatchReader, Table
        from deltalake import CommitProperties, Transaction, write_deltalake
        from deltalake.exceptions import CommitFailedError

        columns = self.described[name][1]
        values = ", ".join(to_delta(column, declared) for column, declared, _ in columns)
        # an error in here reaches the caller of the writer as one of the writer
        failed: list[Exception] = []

        def rows(query: Query) -> Table:
            sql = f"select {values} from ({query.sql})"
            return Table(connection.sql(sql, params=list(query.parameters)))

        def batches() -> Iterator[Any]:
            try:
                for query in queries:
                    yield from rows(query).to_batches()
            except Exception as error:
                failed.append(error)
                raise

        empty = rows(Query(f"select * from {name} limit 0"))
        options: dict[str, Any] = (
            {"mode": "append"} if replaced is None else {"mode": "overwrite", "predicate": replaced}
        )
        with self._told("cannot be written", failed, passed=CommitFailedError):
            write_deltalake(
                table,
                RecordBatchReader.from_batches(empty.schema, batches()),
                **options,
                writer_properties=_properties(),
                commit_properties=CommitProperties(
                    custom_metadata=marks.metadata,
                    max_commit_retries=0 if is_alone else None,
                    app_transactions=[
                        Transaction(name, number) for name, number in marks.transactions.items()
                    ],
                ),
            )

    def commit_number(self, table: DeltaTable, name: str, number: int) -> None:
        """Commit a number under the name of an application transaction, and no rows. Raises
        CommitFailedError where the table has changed since it was opened."""
        from deltalake import CommitProperties, Transaction
        from deltalake.exceptions import CommitFailedError

        with self._told("cannot be written", passed=CommitFailedError):
            table.create_write_transaction(
                [],
                "append",
                table.schema(),
                commit_properties=CommitProperties(
                    max_commit_retries=0, app_transactions=[Transaction(name, number)]
                ),
            )

    def compact(self, name: str, kept_hours: int) -> int:
        """Write the small files of a table into large ones, and remove those that have been of no
        version for so many hours; returns how many. Raises CommitFailedError where another process
        has changed the same files."""
        from deltalake.exceptions import CommitFailedError

        table = self.open(name)
        with self._told("cannot be written", passed=CommitFailedError):
            table.optimize.compact(writer_properties=_properties())
            removed = table.vacuum(kept_hours, dry_run=False, full=True)
            table.create_checkpoint()
            table.cleanup_metadata()
        return len(removed)

    def until_committed(self, attempt: Callable[[], T]) -> T:
        """What an attempt returns, which is made again while it fails with CommitFailedError: each
        opens its tables anew. Raises HubError after two minutes."""
        from deltalake.exceptions import CommitFailedError

        deadline = time.monotonic() + _PATIENCE_SECONDS
        pause = 0.01
        while True:
            try:
                return attempt()
            except CommitFailedError as error:
                if time.monotonic() > deadline:
                    raise self._error("cannot be written", error) from error
            # two that wait equally long would meet again
            time.sleep(random.uniform(0, pause))  # nosec B311
            pause = min(2 * pause, _LONGEST_PAUSE)

    @contextmanager
    def _told(
        self,
        what: str,
        failed: Sequence[Exception] = (),
        passed: type[Exception] | tuple[type[Exception], ...] = (),
    ) -> Iterator[None]:
        """Tell of an error of delta-rs in words.

        failed: what went wrong before it, which is raised instead; passed: what is raised as it is.
        """
        from deltalake.exceptions import DeltaError

        try:
            yield
        except Exception as error:
            if failed:
                raise failed[0] from error
            is_passed = isinstance(error, passed) and not _is_of_the_disk(error)
            if is_passed or not isinstance(error, (DeltaError, OSError)):
                raise
            raise self._error(what, error) from error

    def _error(self, what: str, error: Exception) -> HubError:
        if _is_of_the_disk(error):
            return error_of_the_machine(error)
        remedy = (
            "Check the address, the network, and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in "
            "the environment"
            if self.place.options
            else "Check the folder and who may write to it"
        )
        return HubError(
            f"lakehouse {self.place.root}",
            f"{what}: {said(error)}",
            f"{remedy}; the same command goes on where this one ended.",
        )


def _properties() -> WriterProperties:
    from deltalake import WriterProperties

    return WriterProperties(compression="ZSTD", compression_level=1, max_row_group_size=_ROW_GROUP)


def _is_of_the_disk(error: Exception) -> bool:
    return error_of_the_machine(error).where in ("the disk", "the memory")
