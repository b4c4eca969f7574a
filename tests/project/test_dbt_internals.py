"""What this project takes from the inside of dbt-core and dbt-duckdb, and when it may stop.

The first test fails where an upgrade changes something that we call and that dbt promises to
nobody. After it stands one test for each work-around in macros/duckdb: it fails where dbt does no
longer what is worked around, so the macro may go, or where dbt's own text has changed, so somebody
has to look. Then correct the macro, and the digest here.
"""

import hashlib
import importlib
import inspect
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.support.workbench import PROJECT, Workbench

# what is called from Python: its signature or its fields, and what for
_CALLED_FROM_PYTHON = {
    "dbt.cli.main:dbtRunner.__init__": (
        "(self, manifest, callbacks)",
        "hub/runs/dbt.py gives it a parsed project and listens to its events",
    ),
    "dbt.cli.main:dbtRunner.invoke": ("(self, args, **kwargs)", "hub/runs/dbt.py builds with it"),
    "dbt.cli.main:dbtRunnerResult.__init__": (
        "(self, success, exception, result)",
        "hub/runs/dbt.py reads all three",
    ),
    "dbt.contracts.graph.manifest:Manifest.deepcopy": (
        "(self)",
        "hub/runs/working_contract.py compiles a manifest twice",
    ),
    "dbt.adapters.duckdb.connections:DuckDBConnectionManager.close_all_connections": (
        "()",
        "hub/runs/dbt.py lets go of the warehouse after a build",
    ),
    "dbt.adapters.duckdb.impl:DuckDBAdapter.add_query": (
        "(self, sql, auto_begin, bindings, abridge_sql_log)",
        "macros/dbt/rows_of.sql takes the cursor that it returns",
    ),
    "dbt.adapters.duckdb.impl:DuckDBAdapter.cache_added": (
        "(self, relation)",
        "macros/duckdb/stand_in_for_checks.sql tells dbt of the view that it made",
    ),
    "dbt.context.providers:ProviderContext.selected_resources": (
        "(self)",
        "macros/dbt/require_whole_chain.sql and macros/duckdb/stand_in_for_checks.sql see what is "
        "built",
    ),
}
# macros of dbt's that ours call, with what each is dispatched to: the digest of their text
_CALLED_FROM_MACROS = {
    "alter_relation_comment": "0ce2600694f7",
    "create_csv_table": "c006b4931f33",
    "create_schema": "0562eedca2c9",
    "create_table_as": "1fefcf349b7c",
    "datediff": "4b891727c69d",
    "duckdb_escape_comment": "080d0bebb1c2",
    "get_empty_schema_sql": "0f69bb33d9e5",
    "is_incremental": "71bcb60f249f",
    "load_cached_relation": "35bc45f384c2",
    "load_relation": "2f72c456e9d4",
    "materialization_snapshot_default": "0b00c67b7195",
    "persist_docs": "54ac7d5ab5de",
    "run_hooks": "d4bf4b7b1815",
    "run_query": "79315f0f3689",
    "should_full_refresh": "0beb7387fa96",
    "statement": "8f7bd8b0db40",
    "type_string": "7909f9ebe828",
    "validate_doc_columns": "1cc17739c9b2",
}
# dbt takes a method of text for the macro of the same name
_NOT_CALLED = {"replace"}
# the events that hub/runs listens for, and what it reads of them
_EVENTS = {
    "dbt.events.core_types_pb2:LogStartLine": ["description", "index", "total"],
    "dbt.adapters.events.adapter_types_pb2:SQLQuery": ["node_info", "sql"],
    "dbt.events.core_types_pb2:JinjaLogDebug": ["msg", "node_info"],
    "dbt_common.events.types_pb2:PrintEvent": ["msg"],
}
# the options that hub/runs/dbt.py gives
_OPTIONS = {
    "build": [
        *("--exclude-resource-type", "--exclude", "--select", "--vars"),
        *("--target-path", "--project-dir", "--profiles-dir", "--no-write-json", "--log-level"),
        "--log-level-file",
    ],
    "run-operation": ["--args"],
}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What dbt reads from the project's files."""
    outcome, _ = _dbt(PROJECT, "parse", target=tmp_path_factory.mktemp("target"))
    return outcome.result


def _dbt(root: Path, *arguments: str, target: Path) -> tuple[Any, list[str]]:
    """A dbt command that succeeds: its outcome, and what its macros printed."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    printed: list[str] = []

    def keep(event: Any) -> None:
        if event.info.name == "PrintEvent":
            printed.append(event.info.msg)

    options = [
        *("--project-dir", str(root), "--profiles-dir", str(root), "--target-path", str(target)),
        *("--log-level", "none", "--log-level-file", "none"),
    ]
    try:
        outcome = dbtRunner(callbacks=[keep]).invoke([*arguments, *options])
    finally:
        DuckDBConnectionManager.close_all_connections()
    assert outcome.success, outcome.exception
    return outcome, printed


def _digest(manifest: Any, name: str) -> str:
    """The digest of a macro of dbt's and of the one that it is dispatched to on DuckDB."""
    texts = [
        " ".join(macro.macro_sql.split())
        for candidate in (name, f"default__{name}", f"duckdb__{name}")
        for package in ("dbt", "dbt_duckdb")
        if (macro := manifest.macros.get(f"macro.{package}.{candidate}"))
    ]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:12]


def _signature(path: str) -> str:
    """The names of a callable's parameters; "gone" where there is no such callable."""
    module, _, names = path.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for name in names.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError):
        return "gone"
    found = inspect.unwrap(found.fget if isinstance(found, property) else found)
    stars = {inspect.Parameter.VAR_KEYWORD: "**", inspect.Parameter.VAR_POSITIONAL: "*"}
    parameters = inspect.signature(found).parameters.values()
    return f"({', '.join(stars.get(each.kind, '') + each.name for each in parameters)})"


@pytest.mark.check
def test_dbt_internals_that_we_call_are_as_they_were(manifest: Any) -> None:
    """The canary: read what it names in dbt's change log before you correct the list."""
    changes = []
    for path, (expected, used_for) in _CALLED_FROM_PYTHON.items():
        if (found := _signature(path)) != expected:
            changes.append(f"{path}: {found} instead of {expected} ({used_for})")
    for macro in manifest.macros.values():
        if macro.package_name != "hub":
            continue
        for called in macro.depends_on.macros:
            name = called.rpartition(".")[2]
            if called.startswith("macro.hub.") or name in _NOT_CALLED:
                continue
            if (found := _digest(manifest, name)) != _CALLED_FROM_MACROS.get(name):
                changes.append(f"{name}: its text is now {found} ({macro.original_file_path})")
    for path, expected_fields in _EVENTS.items():
        module, _, name = path.partition(":")
        fields = getattr(importlib.import_module(module), name).DESCRIPTOR.fields_by_name
        changes += [f"{path}: has no {field}" for field in expected_fields if field not in fields]
    commands = importlib.import_module("dbt.cli.main").cli.commands
    for command, options in _OPTIONS.items():
        known = {
            option
            for parameter in commands[command].params
            for option in (*parameter.opts, *parameter.secondary_opts)
        }
        changes += [f"dbt {command}: has no {option}" for option in options if option not in known]
    assert not changes, "\n".join(changes)


@pytest.mark.check
def test_a_work_around_names_its_reason_its_version_and_its_test() -> None:
    tests = set(re.findall(r"^def (test_\w+)", Path(__file__).read_text(), re.MULTILINE))
    breaches = []
    for path in sorted((PROJECT / "macros" / "duckdb").glob("*.sql")):
        header = " ".join(path.read_text().partition("#}")[0].split())
        named = re.search(
            r"Reason: .+ For dbt-duckdb (\S+); needed until (test_\w+) fails\.$", header
        )
        if not named or named[1] != version("dbt-duckdb") or named[2] not in tests:
            breaches.append(path.name)
    assert not breaches


# one for each work-around


def test_dbt_still_builds_increments_by_a_temporary_table(manifest: Any) -> None:
    own = manifest.macros["macro.dbt_duckdb.materialization_incremental_duckdb"].macro_sql
    assert "run_query(create_table_as(temporary, temp_relation, compiled_code" in own
    assert "adapter.expand_target_column_types" in own
    assert _digest(manifest, "materialization_incremental_duckdb") == "962102952ce3"


def test_dbt_still_keeps_the_states_that_stand_in_a_table(manifest: Any) -> None:
    assert "macro.dbt_duckdb.materialization_snapshot_duckdb" not in manifest.macros
    own = manifest.macros["macro.dbt.materialization_snapshot_default"].macro_sql
    assert "create_table_as(False, target_relation, build_sql)" in own


def test_dbt_still_asks_twice_for_the_columns_it_describes(manifest: Any) -> None:
    for name in ("dbt.default__persist_docs", "dbt_duckdb.duckdb__alter_column_comment"):
        macro = manifest.macros[f"macro.{name}"].macro_sql
        assert "adapter.get_columns_in_relation(relation)" in macro


@pytest.mark.nightly
def test_unit_tests_still_need_the_columns_of_checks_that_are_gone(
    own_project: Workbench,
) -> None:
    own_project.land()
    assert own_project.dbt("run", "--select", "tag:events").success
    unit_test = ("test", "--select", "events_decisions,test_type:unit")
    assert own_project.dbt(*unit_test).success

    own_project.edit("dbt_project.yml", '  - "{{ stand_in_for_checks() }}"\n', "")

    assert not own_project.dbt(*unit_test).success
