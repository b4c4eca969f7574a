"""The DuckDB file: connection, tables of the loader, ledger, log of runs, locks, memory."""
