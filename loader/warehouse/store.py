"""What a landing asks of the place where verified records are kept."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from loader.warehouse.ledger import Load, next_load_id

if TYPE_CHECKING:
    import duckdb


class LandedMeanwhile(Exception):
    """Another process has landed the same content while this one read it.   load: as that did."""

    def __init__(self, load: Load) -> None:
        super().__init__(f"{load.file} has landed as load {load.load_id}")
        self.load = load


class Store(Protocol):
    """Where records are kept. The connection is that of the database that they were inserted and
    verified in."""

    def next_load_id(self, connection: "duckdb.DuckDBPyConnection") -> int:
        """A number for a row of the ledger, which no other has."""
        ...

    def keep(
        self, connection: "duckdb.DuckDBPyConnection", load: Load, blocks: Sequence[int]
    ) -> Load:
        """Keep the records of a load, in the transaction that adds its row to the ledger, just
        before that; returns the row to add.

        blocks: how many rows were inserted at a time, in their order.

        Raises LandedMeanwhile, and keeps nothing then.
        """
        ...


class InWarehouse:
    """Records are kept where they were inserted, by the commit of their transaction."""

    def next_load_id(self, connection: "duckdb.DuckDBPyConnection") -> int:
        """The number after the greatest."""
        return next_load_id(connection)

    def keep(
        self, connection: "duckdb.DuckDBPyConnection", load: Load, blocks: Sequence[int]
    ) -> Load:
        """The load as it is: nothing is to be done."""
        return load


IN_WAREHOUSE = InWarehouse()
