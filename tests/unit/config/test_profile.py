"""An encrypted database is refused, with the reason, as long as DuckDB cannot write one."""

import re
from pathlib import Path

import duckdb
import pytest

from loader.config.profile import check_profile
from loader.config.project import open_project
from loader.errors import WrongUse
from tests.support.shipped import PROJECT

ENCRYPTED = """
hub:
  target: duckdb
  outputs:
    duckdb:
      type: duckdb
      path: ":memory:hub"
      attach:
        - path: warehouse.duckdb
          options:
            encryption_key: "{{ env_var('HUB_KEY') }}"
"""


def test_the_shipped_profile_asks_for_none() -> None:
    check_profile(PROJECT)


@pytest.mark.parametrize(
    "text",
    [
        ENCRYPTED,
        "hub: {outputs: {duckdb: {settings: {force_mbedtls_unsafe: true}}}}",
        "hub: {outputs: {duckdb: {attach: [{path: x, options: {ENCRYPTION_KEY: k}}]}}}",
        "hub: {outputs: {duckdb: {config_options: {encryption_cipher: GCM}}}}",
    ],
)
def test_a_profile_that_asks_for_one_is_refused_with_the_reason(tmp_path: Path, text: str) -> None:
    (tmp_path / "profiles.yml").write_text(text)

    with pytest.raises(WrongUse, match=r"would need.*httpfs.*hub backup --recipient"):
        check_profile(tmp_path)


def test_every_command_refuses_it(tmp_path: Path) -> None:
    (tmp_path / "profiles.yml").write_text(ENCRYPTED)
    (tmp_path / "dbt_project.yml").write_text((PROJECT / "dbt_project.yml").read_text())

    with pytest.raises(WrongUse, match=re.escape("profiles.yml: encryption_key")):
        open_project(folder=str(tmp_path))


def test_the_word_alone_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "profiles.yml").write_text("# no encryption_key here\nhub: {target: duckdb}\n")

    check_profile(tmp_path)
    check_profile(tmp_path / "none")


def test_the_reason_still_holds(tmp_path: Path) -> None:
    """Where this fails, DuckDB has learnt to write encrypted databases: let people use it."""
    connection = duckdb.connect()
    with pytest.raises(duckdb.Error, match="httpfs"):
        connection.execute(f"attach '{tmp_path}/x.duckdb' as x (encryption_key 'k')")
