"""The project is read for DuckDB and for Spark alike."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.shipped import PROJECT

pytestmark = pytest.mark.check


def test_the_graph_is_the_same_on_both_engines(tmp_path: Path) -> None:
    pytest.importorskip(
        "dbt.adapters.spark", reason="dbt-spark is missing: `make spark-setup` installs it"
    )
    on_duckdb, on_spark = (_graph(target, tmp_path / target) for target in ("duckdb", "spark"))

    assert on_duckdb
    assert on_spark == on_duckdb


def _graph(target: str, folder: Path) -> dict[str, Any]:
    """What each node of the project depends on, and how it is built, as dbt reads it."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "dbt.cli.main", "parse", "--target", target, "--quiet"),
            *("--target-path", str(folder), "--log-level-file", "none", "--no-partial-parse"),
        ],
        cwd=PROJECT,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    manifest = json.loads((folder / "manifest.json").read_text())
    settings = ("materialized", "incremental_strategy", "unique_key", "full_refresh", "tags")
    return {
        name: (
            sorted(node["depends_on"].get("nodes", [])),
            node["schema"],
            {each: node["config"].get(each) for each in settings},
        )
        for name, node in (manifest["nodes"] | manifest["unit_tests"]).items()
    }
