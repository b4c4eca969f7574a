"""The `hub` command, and all that is no ingestion: runs, reports, answers."""
