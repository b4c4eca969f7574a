"""A lakehouse as the place where records are kept.

Records are read, inserted and verified in a workspace, a database of this process alone, as in the
warehouse. The commit of a file's records to raw.<source> says all of its load, and is what makes it
landed: raw.fields and raw.loads follow it, once at the end, and in the next landing at the latest.
How far they have followed, raw.loads itself says: under the name of each table of records it has
the version up to which it has its loads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from loader.delta.commits import LoadCommit, load_commits, metadata_of
from loader.delta.place import Place
from loader.delta.tables import DeltaTables, Marks, Query
from loader.errors import HubError
from loader.warehouse.connection import open_workspace
from loader.warehouse.ledger import Load, replace_outcome
from loader.warehouse.run_log import utc_now
from loader.warehouse.store import LandedMeanwhile
from loader.warehouse.tables import (
    expected_tables,
    require_format,
    store_format,
    store_settings,
)
from loader.warehouse.transactions import transaction

if TYPE_CHECKING:
    import duckdb
    from deltalake import DeltaTable

    from loader.config.project import Project
    from loader.delta.commits import Field

# It has no rows: the number under its own name, which one process at a time can raise, is the last
# that was given.
NUMBERS = "hub.load_numbers"
_NUMBERS = ("The last number that a load was given.", [("load_id", "bigint", "Has no values.")])
_BASE = "temp.main.loads_of_lakehouse"
_TURNED_AWAY = "status in ('held', 'quarantined')"


@contextmanager
def open_lakehouse(
    project: Project, place: Place
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Lakehouse]]:
    """A workspace with the lakehouse's ledger, and what keeps records there; all tables that dbt
    expects to find are there, and raw.loads has all that has landed.

    Raises HubError where the place cannot be reached, or has tables of another format.
    """
    with open_workspace(project.database) as connection:
        lakehouse = Lakehouse(project, DeltaTables(place, _described(project)))
        lakehouse.set_up(connection)
        yield connection, lakehouse


def _described(project: Project) -> dict[str, tuple[str, list[tuple[str, str, str]]]]:
    return {**expected_tables(project), NUMBERS: _NUMBERS}


@dataclass
class Lakehouse:
    """Keeps records in tables of Delta Lake; what a landing asks of it, Store says."""

    project: Project
    tables: DeltaTables
    # of each source: up to which version of its table, and what has landed there since the ledger
    # was read
    _since: dict[str, tuple[int, list[Load]]] = field(default_factory=dict)
    # of each source: up to which version the ledger of the workspace has its loads
    _followed: dict[str, int] = field(default_factory=dict)

    def set_up(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make tables, here and there, and complete what a landing that was killed left."""
        for schema in {name.partition(".")[0] for name in self.tables.described}:
            connection.execute(f"create schema {schema}")
        for table, (_, columns) in self.tables.described.items():
            listed = ", ".join(f"{name} {declared}" for name, declared, _ in columns)
            connection.execute(f"create table {table} ({listed})")
        self.tables.create_missing()
        self.tables.until_committed(lambda: self._check_format(connection))
        for table in ("raw.sources", "raw.source_fields"):
            self.tables.until_committed(partial(self._store_settings, connection, table))
        loads = self.tables.read(connection, "raw.loads", "raw.loads")
        # of the ledger as it was read: another process may write to it right now
        for source in self.project.declared_sources:
            self._followed[source] = loads.transaction_version(f"raw.{source}") or 0
        self._rebase(connection)
        self.follow(connection)

    def _check_format(self, connection: duckdb.DuckDBPyConnection) -> None:
        name = "ops.warehouse_format"
        table = self.tables.read(connection, name, name)
        stored = connection.execute(f"select format, hub_version from {name}").fetchall()
        if stored:
            where = f"lakehouse {self.tables.place.root}"
            require_format(stored, where, "name another with --to")
            return
        store_format(connection)
        self.tables.write(connection, table, name, [Query(f"from {name}")], is_alone=True)

    def _store_settings(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        """Write the settings of the sources, where they changed."""
        connection.execute(f"delete from {table}")
        opened = self.tables.read(connection, table, table)
        before = connection.execute(f"from {table} order by all").fetchall()
        store_settings(connection, self.project)
        if connection.execute(f"from {table} order by all").fetchall() != before:
            self.tables.write(
                connection, opened, table, [Query(f"from {table}")], replaced="true", is_alone=True
            )

    # ------------------------------------------------------------------------------------- landing

    def next_load_id(self, connection: duckdb.DuckDBPyConnection) -> int:
        """A number that no other process gets, greater than all before it."""
        # the table of the numbers may have been lost, the ledger is not then
        ((greatest,),) = connection.execute(
            "select coalesce(max(load_id), 0) from raw.loads"
        ).fetchall()

        def claim() -> int:
            table = self.tables.refreshed(NUMBERS)
            number: int = max(table.transaction_version(NUMBERS) or 0, greatest) + 1
            self.tables.commit_number(table, NUMBERS, number)
            return number

        return self.tables.until_committed(claim)

    def keep(
        self, connection: duckdb.DuckDBPyConnection, load: Load, blocks: Sequence[int]
    ) -> Load:
        """Commit the records to raw.<source>, under a number of their own; returns the load with
        it."""
        fields = connection.execute(
            "delete from raw.fields where load_id = ? returning field, type, records",
            [load.load_id],
        ).fetchall()
        kept = self.tables.until_committed(
            lambda: self._commit(connection, load, blocks, sorted(fields))
        )
        # the workspace need not hold what is kept elsewhere
        connection.execute(f"delete from raw.{load.source} where load_id = ?", [load.load_id])
        return kept

    def _commit(
        self,
        connection: duckdb.DuckDBPyConnection,
        load: Load,
        blocks: Sequence[int],
        fields: list[Field],
    ) -> Load:
        name = f"raw.{load.source}"
        table = self.tables.refreshed(name)
        if known := self._landed_since(table, load):
            if known.run_id == load.run_id:
                return known  # this process tries for the second time
            raise LandedMeanwhile(known)
        kept = replace(load, load_id=self.next_load_id(connection))
        self.tables.write(
            connection,
            table,
            name,
            _blocks(name, load.load_id, kept.load_id, blocks),
            marks=Marks(
                metadata_of(kept, utc_now(), fields),
                # of two processes that land this content at once, one fails
                {load.sha256: kept.load_id},
            ),
        )
        return kept

    def _landed_since(self, table: DeltaTable, load: Load) -> Load | None:
        """The load by which a content has landed since the ledger was read, so that it is known."""
        version, landed = self._since[load.source]
        landed += [commit.load for commit in load_commits(table, version)]
        self._since[load.source] = (table.version(), landed)
        is_full = self.project.sources[load.source].delivery == "full"
        # an earlier state may come again, as known_load has it
        candidates = landed[-1:] if is_full else landed
        if known := next((each for each in candidates if each.sha256 == load.sha256), None):
            return known
        if is_full or table.transaction_version(load.sha256) is None:
            return None
        # the ledger does not have it: it landed just now, or who knows what became of its row
        table.update_incremental()
        commits = load_commits(table, 0)
        known = next((each.load for each in commits if each.load.sha256 == load.sha256), None)
        if known is None:
            raise HubError(
                f"lakehouse {self.tables.place.root}",
                f"raw.{load.source} has the content of {load.file}, but neither its log nor "
                "raw.loads says as which load",
                "Put its row back into raw.loads.",
            )
        return known

    # ----------------------------------------------------------------------------- the tables after

    def follow(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write to raw.fields and raw.loads what they lack of all that has landed, and what became
        of the other files."""
        self.tables.until_committed(lambda: self._follow(connection))
        self._followed = {source: version for source, (version, _) in self._since.items()}
        self._rebase(connection)

    def _follow(self, connection: duckdb.DuckDBPyConnection) -> None:
        versions: dict[str, int] = {}
        commits: list[LoadCommit] = []
        for source in self.project.declared_sources:
            records = self.tables.open(f"raw.{source}")
            self._since[source] = (records.version(), [])
            if found := load_commits(records, self._followed[source]):
                versions[f"raw.{source}"] = records.version()
                commits += found
        with transaction(connection):
            self._note(connection, commits)
        self._put_fields(connection, commits)
        self._put_loads(connection, versions)

    def _note(self, connection: duckdb.DuckDBPyConnection, commits: Collection[LoadCommit]) -> None:
        """Enter loads that have landed in the ledger of the workspace, which may have them."""
        known = _load_ids(connection, "raw.loads")
        for commit in sorted(commits, key=lambda each: each.load.load_id):
            if commit.load.load_id not in known:
                replace_outcome(connection, commit.load, commit.landed_at)

    def _put_fields(
        self, connection: duckdb.DuckDBPyConnection, commits: Collection[LoadCommit]
    ) -> None:
        connection.execute("delete from raw.fields")
        for commit in commits:
            if commit.fields:
                names, types, records = zip(*commit.fields, strict=True)
                connection.execute(
                    "insert into raw.fields (load_id, source, field, type, records) "
                    "select ?, ?, unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::bigint[])",
                    [commit.load.load_id, commit.load.source, names, types, records],
                )
        self._put(connection, "raw.fields", _load_ids(connection, "raw.fields"))

    def _put_loads(self, connection: duckdb.DuckDBPyConnection, versions: dict[str, int]) -> None:
        """Write the rows of the ledger that have changed in the workspace since it was read."""
        changed = _ids_of(
            connection,
            f"(from raw.loads except from {_BASE}) union all (from {_BASE} except from raw.loads)",
        )
        connection.execute("create or replace temp table turned_away as from raw.loads limit 0")
        loads = self.tables.read(connection, "raw.loads", "turned_away", _TURNED_AWAY)
        # another process has turned the same file away meanwhile
        changed -= _ids_of(
            connection,
            f"from raw.loads where {_TURNED_AWAY} and load_id not in (select load_id from {_BASE}) "
            "and exists (from turned_away as other where other.source = raw.loads.source "
            "and other.sha256 = raw.loads.sha256 and other.load_id <> raw.loads.load_id)",
        )
        self._put(connection, "raw.loads", changed, versions, loads)

    def _put(
        self,
        connection: duckdb.DuckDBPyConnection,
        name: str,
        load_ids: Collection[int],
        versions: dict[str, int] | None = None,
        opened: DeltaTable | None = None,
    ) -> None:
        """Let a table have, of these loads, the rows that the workspace has.   opened: the table,
        where it must not have changed since then."""
        if not load_ids and not versions:
            return
        listed = ", ".join(map(str, sorted(load_ids))) or "null"
        connection.execute(f"create or replace temp table stored as from {name} limit 0")
        table = self.tables.read(connection, name, "stored", f"load_id in ({listed})", opened)
        ((has_any,),) = connection.execute("select count(*) > 0 from stored").fetchall()
        self.tables.write(
            connection,
            table,
            name,
            [Query(f"from {name} where load_id in ({listed})")],
            marks=Marks({}, versions or {}),
            replaced=f"load_id in ({listed})" if has_any else None,
            is_alone=True,
        )

    def _rebase(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Remember the ledger as it is stored."""
        connection.execute(f"create or replace temp table {_BASE} as from raw.loads")

    def end_run(self, connection: duckdb.DuckDBPyConnection, run_id: str) -> None:
        """Complete what a run has landed, and add it to the log of runs."""
        self.follow(connection)
        self.tables.until_committed(
            lambda: self.tables.write(
                connection,
                self.tables.open("ops.runs"),
                "ops.runs",
                [Query("from ops.runs where run_id = ?", [run_id])],
            )
        )

    # -------------------------------------------------------------------------- runs that build

    def read_open_runs(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let the workspace have the runs that did not end, so that they can be closed there."""
        self.tables.read(connection, "ops.runs", "ops.runs", "status = 'running'")

    def put_runs(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let the log of the lakehouse have the runs of the workspace as they are there."""
        run_ids = connection.execute("select run_id from ops.runs order by run_id").fetchall()
        listed = ", ".join(f"'{run_id}'" for (run_id,) in run_ids)
        self.tables.until_committed(
            lambda: self.tables.write(
                connection,
                self.tables.open("ops.runs"),
                "ops.runs",
                [Query("from ops.runs")],
                replaced=f"run_id in ({listed})",
                is_alone=True,
            )
        )


def _blocks(table: str, stored: int, number: int, blocks: Sequence[int]) -> Iterator[Query]:
    """The records of a load, as many at a time as were inserted, under another number."""
    last = 0
    for rows in blocks:
        first, last = last + 1, last + rows
        yield Query(
            f"select * replace (?::bigint as load_id) from {table} "
            "where load_id = ? and row_number between ? and ? order by row_number",
            [number, stored, first, last],
        )


def _load_ids(connection: duckdb.DuckDBPyConnection, table: str) -> set[int]:
    return _ids_of(connection, f"from {table}")


def _ids_of(connection: duckdb.DuckDBPyConnection, query: str) -> set[int]:
    rows = connection.execute(f"select distinct load_id from ({query})").fetchall()
    return {load_id for (load_id,) in rows}
