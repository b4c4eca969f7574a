"""The `hub` command: lands files verbatim in DuckDB, drives dbt, prints receipts."""

__version__ = "0.1.0"
