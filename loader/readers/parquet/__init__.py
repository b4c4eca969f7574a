"""Parquet files to records."""
