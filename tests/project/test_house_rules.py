"""The conventions of this project, as checks on its manifest and its files.

Each test collects every breach and names it, so one run shows all there is to fix. An exception
stands in the test with its reason.
"""

import fnmatch
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from hub.scaffold.contract import read_contracts
from tests.support.shipped import SHIPPED
from tests.support.workbench import PROJECT, Workbench

_FOLDERS = (
    ".ci",
    ".github",
    "deploy",
    "docs",
    "hub",
    "loader",
    "macros",
    "models",
    "samples",
    "seeds",
    "snapshots",
    "tests",
)
_DROP_FOLDER = "landing"  # its user's own
_FILES = {
    *(".gitattributes", ".gitignore", ".sqlfluff", "CHANGELOG.md", "DECISIONS.md", "Makefile"),
    *("CONTRIBUTING.md", "Containerfile", "SECURITY.md", "alerts.yml"),
    *("README.md", "compose.yaml", "dbt_project.yml", "profiles.yml", "pyproject.toml"),
    *("requirements.in", "requirements.lock", "setup.py"),
}
_ENGINES = ("default", "duckdb", "spark")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What dbt reads from the project's files. No warehouse is needed for that."""
    from dbt.cli.main import dbtRunner

    outcome = dbtRunner().invoke(
        [
            *("parse", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
            *("--target-path", str(tmp_path_factory.getbasetemp() / "dbt-target")),
            *("--log-level-file", "none", "--quiet"),
        ]
    )
    assert outcome.success, outcome.exception
    return outcome.result


@pytest.fixture(scope="module")
def sources() -> dict[str, list[str]]:
    """The registered sources of each entity."""
    settings = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    registered: dict[str, list[str]] = settings["vars"]["sources"]
    return registered


@pytest.fixture(scope="module")
def entities() -> list[str]:
    """The entities that have a contract, whether sources are registered for them or not."""
    return sorted(path.stem for path in (PROJECT / "macros" / "contracts").glob("*.sql"))


def of_type(manifest: Any, *types: str) -> list[Any]:
    """The project's nodes of some types, by path."""
    found = [node for node in manifest.nodes.values() if node.resource_type in types]
    return sorted(found, key=lambda node: (node.original_file_path, node.name))


def own_macros(manifest: Any) -> list[Any]:
    """The project's macros, without its generic tests."""
    return [
        macro
        for macro in manifest.macros.values()
        if macro.package_name == "hub" and macro.original_file_path.startswith("macros/")
    ]


def folder_of(node: Any) -> str:
    return str(Path(node.original_file_path).parent)


def entity_of(node: Any, entities: list[str]) -> str | None:
    """The entity to whose chain a model or snapshot belongs, by its place and name."""
    if folder_of(node).startswith("models/staging/"):
        name = node.name.rpartition("__")[2]
    else:
        name = node.name.removeprefix("int_").split("_")[0]
    return name if name in entities else None


def project_files() -> Iterator[Path]:
    for folder in _FOLDERS:
        for path in sorted((PROJECT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
    yield from (PROJECT / name for name in sorted(_FILES) if (PROJECT / name).is_file())


def stored_as(data_type: str) -> str:
    """How DuckDB names a type."""
    typed = duckdb.sql(f"select cast(null as {data_type}) as value")
    return str(typed.types[0])


def shown(path: Path) -> str:
    return str(path.relative_to(PROJECT))


# descriptions


@pytest.mark.check
def test_the_yaml_of_a_model_stands_beside_it(manifest):
    breaches = [
        f"{node.original_file_path}: described in {node.patch_path or 'no YAML'}"
        for node in of_type(manifest, "model", "seed")
        if str(Path((node.patch_path or "").partition("://")[2]).parent) != folder_of(node)
    ]
    assert not breaches


@pytest.mark.check
def test_the_description_of_a_model_ends_in_its_grain(manifest):
    grain = re.compile(r"One row per [^.]+\.$")
    breaches = [
        f"{table.original_file_path}: {table.name}: {table.description!r}"
        for table in [*of_type(manifest, "model", "snapshot"), *manifest.sources.values()]
        if not grain.search(table.description)
    ]
    assert not breaches


@pytest.mark.check
def test_a_column_that_is_named_is_described(manifest):
    breaches = [
        f"{table.original_file_path}: {table.name}.{column.name}"
        for table in [*of_type(manifest, "model", "seed", "snapshot"), *manifest.sources.values()]
        for column in table.columns.values()
        if not column.description.strip()
    ]
    assert not breaches


@pytest.mark.slow
def test_every_column_of_the_warehouse_is_described(unbuilt_samples: Workbench):
    manifest = unbuilt_samples.dbt("parse").result
    actual: dict[tuple[str, str], dict[str, str]] = {}
    # opened beforehand, so that what a build keeps in memory is still there
    with duckdb.connect(str(unbuilt_samples.database)) as connection:
        unbuilt_samples.run()
        for schema, table, column, data_type in connection.execute(
            "select schema_name, table_name, column_name, data_type from duckdb_columns() "
            "where not internal"
        ).fetchall():
            actual.setdefault((schema, table), {})[column] = data_type
    breaches = []
    for node in of_type(manifest, "model", "seed", "snapshot"):
        # an adapter has the columns of its entity's contract, which its union describes
        if folder_of(node).startswith("models/staging"):
            continue
        found = actual.get((node.schema, node.name), {})
        breaches += [
            f"{node.original_file_path}: {node.name}.{name}"
            for name in sorted({*found} ^ {*node.columns})
        ]
        breaches += [
            f"{node.original_file_path}: {node.name}.{name}: {node.columns[name].data_type} "
            f"is {data_type}"
            for name, data_type in found.items()
            if name in node.columns
            and node.columns[name].data_type
            and stored_as(node.columns[name].data_type) != data_type
        ]
    assert not breaches


@pytest.mark.slow
def test_an_adapter_has_the_columns_of_its_contract(samples: Workbench):
    """In their order, after the identity of the record, and all of them as text."""
    samples.run()
    identity = ["load_id", "row_number", "record", "problem", "position"]
    contracts = {contract.entity: contract for contract in read_contracts(PROJECT)}
    breaches = []
    for entity, names in SHIPPED.items():
        expected = identity + [column.name for column in contracts[entity].columns]
        for name in names:
            found = samples.sql(
                "select column_name, data_type from duckdb_columns() "
                "where schema_name = 'staging' and table_name = ? order by column_index",
                f"stg_{name}__{entity}",
            )
            if [column for column, _ in found] != expected:
                breaches.append(f"stg_{name}__{entity}: {[column for column, _ in found]}")
            breaches += [
                f"stg_{name}__{entity}.{column} is {data_type}"
                for column, data_type in found[1:]
                if data_type != "VARCHAR" and column != "row_number"
            ]
    assert not breaches


# names and places


@pytest.mark.check
def test_names_say_where_a_model_stands(manifest, entities):
    entity = f"({'|'.join(entities)})"
    patterns = {
        **{
            # registered or not: a source whose name was taken away may keep its files
            f"models/staging/{folder.name}": f"stg_{folder.name}__{entity}"
            for folder in (PROJECT / "models" / "staging").iterdir()
        },
        "models/intermediate": f"int_{entity}__[a-z]+ed",
        "models/marts": f"{entity}(_reconciliation)?",
        "models/ops": f"{entity}_decisions|[a-z]+(_[a-z]+)*",
        "seeds": "[a-z]+(_[a-z]+)*",
        "snapshots": f"{entity}_history",
    }
    breaches = [
        f"{node.original_file_path}: {node.name}"
        for node in of_type(manifest, "model", "seed", "snapshot")
        if not re.fullmatch(patterns.get(folder_of(node), "nothing stands here"), node.name)
    ]
    assert not breaches


@pytest.mark.check
def test_a_model_bears_the_tag_of_its_entity_and_no_other(manifest, entities):
    breaches = []
    for node in of_type(manifest, "model", "seed", "snapshot"):
        entity = entity_of(node, entities)
        if node.tags != ([entity] if entity else []):
            breaches.append(f"{node.original_file_path}: tags {node.tags}, entity {entity}")
    assert not breaches


@pytest.mark.check
def test_folders_are_three_levels_deep_at_most():
    breaches = [shown(path) for path in project_files() if len(path.relative_to(PROJECT).parts) > 4]
    assert not breaches


@pytest.mark.check
def test_the_top_level_is_fixed():
    ignored = [
        line.strip("/")
        for line in (PROJECT / ".gitignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    breaches = [
        path.name
        for path in sorted(PROJECT.iterdir())
        if path.name not in {*_FOLDERS, *_FILES, _DROP_FOLDER}
        # an editor's own folder is its user's affair
        and not path.name.startswith(".")
        and not any(fnmatch.fnmatch(path.name, pattern) for pattern in ignored)
    ]
    assert not breaches


@pytest.mark.check
def test_no_file_is_a_drawer_for_everything():
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "shared"}
    breaches = [
        shown(path)
        for path in project_files()
        if drawers & {path.stem.lower(), path.parent.name.lower()}
    ]
    assert not breaches


@pytest.mark.check
def test_nothing_is_left_unfinished():
    # in two parts, so that this file does not speak of itself
    marks = re.compile("|".join([rf"\b{a}{b}\b" for a, b in (("TO", "DO"), ("FIX", "ME"))]))
    breaches = []
    for path in project_files():
        if path.parts[len(PROJECT.parts)] == "samples" or path.name == "requirements.lock":
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a sample of a file that cannot be read
        breaches += [
            f"{shown(path)}:{number}" for number, line in enumerate(lines, 1) if marks.search(line)
        ]
    assert not breaches


# sources and contracts


@pytest.mark.check
def test_a_source_is_an_adapter_a_yaml_and_one_word(sources):
    registered = {name for names in sources.values() for name in names}
    folders = {path.name for path in (PROJECT / "models" / "staging").iterdir() if path.is_dir()}
    # a source whose name was taken away may keep its files
    assert registered <= folders
    breaches = []
    for entity, names in sources.items():
        for name in names:
            folder = PROJECT / "models" / "staging" / name
            files = sorted(path.name for path in folder.iterdir())
            if files != sorted([f"stg_{name}__{entity}.sql", f"{name}.yml"]):
                breaches.append(f"{shown(folder)}: {files}")
    assert not breaches


@pytest.mark.check
def test_the_yaml_of_a_source_is_complete(manifest, sources):
    tested = {test.model for test in manifest.unit_tests.values()}
    breaches = []
    for entity, names in sources.items():
        for name in names:
            table = manifest.sources[f"source.hub.raw.{name}"]
            lacks = [
                what
                for what, given in {
                    "meta: fields": table.config.meta.get("fields"),
                    "loaded_at_query": table.loaded_at_query,
                    "freshness": table.freshness and table.freshness.warn_after.count,
                    "golden rows": f"stg_{name}__{entity}" in tested,
                }.items()
                if not given
            ]
            if lacks:
                breaches.append(f"{table.original_file_path}: no {', '.join(lacks)}")
            if f"source = '{name}'" not in (table.loaded_at_query or ""):
                breaches.append(f"{table.original_file_path}: loaded_at_query of another source")
    assert not breaches


@pytest.mark.check
def test_every_entity_has_a_contract_and_is_known(manifest, sources, entities):
    known = manifest.macros["macro.hub.entity_contracts"].depends_on.macros
    assert {name.rpartition(".contract_")[2] for name in known} == set(sources)
    # an entity whose sources were all taken away may keep its files
    assert set(sources) <= set(entities)


@pytest.mark.check
def test_a_target_has_an_enforced_contract_on_key_and_event_time_only(manifest, sources):
    for entity in sources:
        target = manifest.nodes[f"model.hub.{entity}"]
        assert target.contract.enforced, entity
        assert not target.constraints, f"{entity}: constraints stand at their columns"
        untyped = [column.name for column in target.columns.values() if not column.data_type]
        assert not untyped, f"{entity}: without data_type: {untyped}"
        kinds = {
            str(constraint.type.value)
            for column in target.columns.values()
            for constraint in column.constraints
        }
        # a primary key or an index would make every upsert many times dearer
        assert kinds == {"not_null"}, entity


# macros


@pytest.mark.check
def test_a_file_has_one_public_macro_of_its_name(manifest):
    public: dict[str, list[str]] = {}
    for macro in own_macros(manifest):
        names = public.setdefault(macro.original_file_path, [])
        engine, _, _ = macro.name.partition("__")
        # what replaces a macro of dbt's for one engine is a file of its own
        replaces = macro.name == Path(macro.original_file_path).stem
        if replaces or (not macro.name.startswith("_") and engine not in _ENGINES):
            names.append(macro.name)
    breaches = [
        f"{file}: {names}"
        for file, names in sorted(public.items())
        # the contract of an entity is named after the entity
        if names != [("contract_" if "/contracts/" in file else "") + Path(file).stem]
    ]
    assert not breaches


@pytest.mark.check
def test_only_dialect_macros_are_dispatched(manifest):
    breaches = [
        f"{macro.original_file_path}: {macro.name}"
        for macro in own_macros(manifest)
        if "adapter.dispatch(" in macro.macro_sql
        and not macro.original_file_path.startswith("macros/dialect/")
    ]
    assert not breaches


@pytest.mark.check
def test_sql_that_asks_for_accepted_records_calls_is_accepted():
    name = """["'](?:applied|superseded|outdated)["']"""
    listed = re.compile(rf"{name},\s*{name},?\s*[\])]")
    breaches = [
        shown(path)
        for folder in ("macros", "models", "snapshots", "tests/generic", "hub", "loader")
        for path in sorted((PROJECT / folder).rglob("*"))
        if path.suffix in (".sql", ".py")
        and path.name != "accepted_outcomes.sql"
        and listed.search(path.read_text())
    ]
    assert not breaches


@pytest.mark.check
def test_a_dialect_macro_is_dispatched_and_says_how_duckdb_does_it(manifest):
    names = {path.stem for path in (PROJECT / "macros" / "dialect").glob("*.sql")}
    texts = {macro.name: macro.macro_sql for macro in own_macros(manifest)}
    breaches = [
        name
        for name in sorted(names)
        if f"adapter.dispatch('{name}')" not in texts[name] or f"duckdb__{name}" not in texts
    ]
    assert not breaches


@pytest.mark.check
def test_a_folder_of_macros_has_few_files_and_no_macro_file_is_long():
    breaches = []
    for folder in sorted((PROJECT / "macros").iterdir()):
        files = sorted(folder.glob("*.sql"))
        # of a dialect's files and of the contracts there are as many as it takes
        if len(files) > 10 and folder.name not in ("dialect", "contracts"):
            breaches.append(f"{shown(folder)}: {len(files)} files")
        breaches += [
            f"{shown(path)}: {lines} lines"
            for path in files
            if (lines := len(path.read_text().splitlines())) > 250
        ]
    assert not breaches


@pytest.mark.check
def test_a_macro_file_opens_with_a_comment_that_names_its_arguments(manifest):
    breaches = []
    for macro in own_macros(manifest):
        if Path(macro.original_file_path).stem != macro.name:
            continue
        header = re.match(r"\{#-?(.+?)#\}", (PROJECT / macro.original_file_path).read_text(), re.S)
        if not header:
            breaches.append(f"{macro.original_file_path}: no header")
            continue
        signature = re.search(rf"macro {macro.name}\((.*?)\)\s*-?%", macro.macro_sql, re.S)
        arguments = re.findall(r"(\w+)(?:\s*=[^,]+)?(?:,|$)", signature[1] if signature else "")
        breaches += [
            f"{macro.original_file_path}: says nothing of {argument}"
            for argument in arguments
            if not re.search(rf"\b{argument}\b", header[1])
            # what dbt calls by itself has dbt's arguments
            and macro.name != "generate_schema_name"
        ]
    assert not breaches


# tests


@pytest.mark.check
def test_every_mart_has_a_data_test(manifest):
    tested = {node for test in of_type(manifest, "test") for node in test.depends_on.nodes}
    breaches = [
        node.name
        for node in of_type(manifest, "model")
        if folder_of(node) == "models/marts" and node.unique_id not in tested
    ]
    assert not breaches


@pytest.mark.check
def test_every_model_that_decides_has_a_unit_test(manifest, entities):
    tested = {test.model for test in manifest.unit_tests.values()}
    breaches = [
        node.name
        for node in of_type(manifest, "model")
        if entity_of(node, entities)
        and node.name not in tested
        # a union decides nothing, and what ended is written by the projection of the target
        and not node.name.endswith(("__unioned", "__ended"))
    ]
    assert not breaches


@pytest.mark.check
def test_a_unit_test_is_named_as_a_claim(manifest):
    breaches = [
        test.name
        for test in manifest.unit_tests.values()
        if not re.fullmatch(r"[a-z]+(_[a-z0-9]+){3,}", test.name) or test.name.startswith("test_")
    ]
    assert not breaches


@pytest.mark.check
def test_a_unit_test_says_the_same_in_every_build(manifest, sources):
    """Under --full-refresh, and whatever stages are switched off on the command line."""
    breaches = []
    for test in manifest.unit_tests.values():
        model = manifest.nodes[test.depends_on.nodes[0]]
        # an adapter asks neither for vars nor for the kind of build
        if folder_of(model).startswith("models/staging"):
            continue
        pinned = test.overrides.macros if test.overrides else {}
        if pinned.get("rebuilding") is not False:
            breaches.append(f"{test.name}: overrides: macros: {{rebuilding: false}} is missing")
        variables = test.overrides.vars if test.overrides else {}
        if "checked" in model.name and not {"skip", "rollout", "max_age"} <= set(variables):
            breaches.append(f"{test.name}: does not pin vars: skip, rollout, max_age")
    assert not breaches
