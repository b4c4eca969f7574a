"""What the models write is SQL that DuckDB and Spark read alike.

All that differs stands in macros/dialect/. So each dialect macro is replaced by a call of a
function of its own name, every model and data test is compiled, and nothing may be left in the
result but what both engines know. A contract that uses every word takes the place of one.
"""

import contextlib
import re
import shutil
from typing import Any

import pytest

from hub.scaffold.derived.files import write_stale_files
from loader.config.project import Project, open_project
from loader.warehouse.connection import open_warehouse
from tests.support.shipped import PROJECT, copy_everything

pytestmark = pytest.mark.check

# the same on both: called alike, and alike in what they return for NULL and for text
_FUNCTIONS = {
    *("abs", "array_contains", "cast", "coalesce", "concat_ws", "count", "date_trunc"),
    *("first_value", "greatest", "lag", "least", "length", "lower", "max", "max_by", "md5", "min"),
    *("nullif", "replace", "round", "row_number", "split", "split_part", "substr", "sum", "trim"),
    *("try_cast", "upper", "bit_xor", "bool_or", "decimal", "chr", "contains"),
}
# words that an opening bracket may follow and that are no functions
_KEYWORDS = {
    *("all", "and", "as", "by", "case", "distinct", "else", "except", "exists", "filter", "from"),
    *("having", "in", "intersect", "interval", "join", "not", "on", "or", "over", "select", "then"),
    *("union", "values", "when", "where"),
}
# text is what dbt.type_string() makes of string on DuckDB
_TYPES = re.compile(r"string|text|bigint|double|decimal\(\d+, \d+\)|boolean|timestamp")
# folders of macros whose SQL one engine alone reads
_OF_ONE_ENGINE = ("dialect", "duckdb", "spark")
# sought in macros and hooks, too
_WORDS = {
    "qualify": r"\bqualify\b",
    "group by all": r"\bgroup\s+by\s+all\b",
    "order by all": r"\border\s+by\s+all\b",
    "group by a position": r"\bgroup\s+by\s+\d",
    "a recursive CTE": r"\bwith\s+recursive\b",
    "union by name": r"\bunion\s+(all\s+)?by\s+name\b",
    "natural join": r"\bnatural\s+(left|right|full|inner|join)\b",
    "using": r"\busing\s*\(",
    "* exclude, * replace": r"\*\s*(exclude|except|replace)\b",
    "at time zone": r"\bat\s+time\s+zone\b",
    "a lambda": r"\blambda\s+\w+\s*:",
    "distinct on": r"\bdistinct\s+on\b",
    "asof or positional join": r"\b(asof|positional)\s+join\b",
    "similar to, glob": r"\b(similar\s+to|glob)\s+'",
    "a cast with ::": r"\w\s*::\s*\w",
    "->>": r"->>",
}
# sought in compiled SQL alone, since Jinja uses them, too
_SIGNS = {
    "a quoted identifier": r'"',
    "a list literal or subscript": r"\[",
    "a struct or map literal": r"\{",
    "->": r"->(?!>)",
    "from before select": r"(?:^|\(|\bas\s*\()\s*from\b",
}
_RICH_CONTRACT = """
{% macro contract_measurements() %}
    {{ return({
        'version': '1.0.0',
        'key': 'id',
        'event_time': 'timestamp',
        'freshness': none,
        'prefer': ['partner', 'plant'],
        'columns': {
            'id': {
                'type': 'string', 'required': true, 'pattern': '^m-[0-9]+$',
                'sensitive': 'hash', 'description': 'Key.',
            },
            'value': {
                'type': 'number', 'required': true, 'min': -50, 'max': 50,
                'reconcile': {'relative': '0.05'}, 'description': 'What was measured.',
            },
            'category': {
                'type': 'integer', 'allowed': [1, 2], 'normalize': ['trim', 'upper'],
                'reconcile': {'absolute': '0'}, 'description': 'Of what kind it is.',
            },
            'timestamp': {'type': 'timestamp', 'description': 'When it was measured.'},
            'who': {
                'type': 'string', 'sensitive': 'mask', 'reconcile': true, 'description': 'Who.',
            },
        },
        'rules': {'a_first_is_small': "category <> 1 or value < 10"},
    }) }}
{% endmacro %}
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The SQL of every model and data test, as for a second run, dialect macros masked."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    root = tmp_path_factory.mktemp("portable") / "hub"
    root.mkdir()
    copy_everything(root)
    for tests in root.glob("models/**/*unit_tests.yml"):
        tests.unlink()
    for data_test in (PROJECT / "tests").glob("*.sql"):
        shutil.copy(data_test, root / "tests")
    (root / "macros" / "contracts" / "measurements.sql").write_text(_RICH_CONTRACT)
    write_stale_files(root)
    with contextlib.chdir(root):
        project = open_project(str(root / "warehouse.duckdb"))
    # while its macros are what they are: the loader makes views of them
    with open_warehouse(project):
        pass
    for dialect in (root / "macros" / "dialect").glob("*.sql"):
        # a literal is no expression, and both engines know it; functions stand in no model
        if dialect.stem not in ("sql_text", "functions"):
            dialect.write_text(_masked(dialect.read_text()))
    options = [
        *("--project-dir", str(root), "--profiles-dir", str(root), "--quiet"),
        *("--log-level-file", "none", "--vars", "{rollout: {validate: 10, deduplicate: 20}}"),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUB_DATABASE", str(root / "warehouse.duckdb"))
        parsed = dbtRunner().invoke(["parse", *options])
        assert parsed.success, parsed.exception
        _pretend_a_build(project, parsed.result)
        try:
            outcome = dbtRunner(manifest=parsed.result).invoke(["compile", *options])
        finally:
            DuckDBConnectionManager.close_all_connections()
    assert outcome.success, outcome.exception
    return {
        result.node.name: result.node.compiled_code
        for result in outcome.result
        if result.node.resource_type in ("model", "test")
    }


def _masked(macro: str) -> str:
    """A dialect macro whose implementation is a call of a function of the macro's name."""

    def call(found: re.Match[str]) -> str:
        arguments = [argument.strip() for argument in found[2].split(",") if argument.strip()]
        # those that are no SQL
        literals = ("field", "pattern", "numbers_by_size")
        shown = ", ".join(
            f"'{{{{ {argument} }}}}'" if argument in literals else f"{{{{ {argument} }}}}"
            for argument in arguments
        )
        return f"{{% macro duckdb__{found[1]}({found[2]}) -%}}dialect_{found[1]}({shown})"

    pattern = r"\{% macro duckdb__(\w+)\((.*?)\) -?%\}.*?(?=\{%-? endmacro)"
    return re.sub(pattern, call, macro, flags=re.DOTALL)


def _pretend_a_build(project: Project, manifest: Any) -> None:
    """Tables for all incremental models, so that they compile as in a second run."""
    with open_warehouse(project) as connection:
        for node in manifest.nodes.values():
            if node.resource_type == "model" and node.config.materialized == "incremental":
                connection.execute(
                    f"create table if not exists {node.schema}.{node.name} (nothing integer)"
                )


def _bare(sql: str) -> str:
    """SQL without comments, literals and the quotes that dbt puts around relations."""
    sql = re.sub(r"--[^\n]*", "", sql)
    sql = re.sub(r"/\*.*?\*/", "", sql, flags=re.DOTALL)
    sql = re.sub(r"'(?:[^']|'')*'", "''", sql)
    return re.sub(r'"\w+"\."(\w+)"\."(\w+)"', r"\1.\2", sql).lower()


def _breaches(sql: str) -> list[str]:
    """What DuckDB and Spark would not read alike in some SQL."""
    bare = _bare(sql)
    found = [what for what, pattern in (_WORDS | _SIGNS).items() if re.search(pattern, bare)]
    called = set(re.findall(r"\b([a-z_]\w*)\s*\(", bare)) - _FUNCTIONS - _KEYWORDS
    found += [f"the function {name}" for name in sorted(called) if not name.startswith("dialect_")]
    types = set(re.findall(r"\bas\s+(\w+(?:\([^()]*\))?(?:\[\])?)\s*\)", _casts(bare)))
    found += [f"the type {kind}" for kind in sorted(types) if not _TYPES.fullmatch(kind)]
    return found + [f"the alias {name} beside its definition" for name in _lateral_aliases(bare)]


def _casts(bare: str) -> str:
    """The calls of cast and try_cast alone, one after the other."""
    calls = []
    for start in re.finditer(r"\b(?:try_)?cast\s*\(", bare):
        depth = 1
        for end in range(start.end(), len(bare)):
            depth += (bare[end] == "(") - (bare[end] == ")")
            if depth == 0:
                calls.append(bare[start.start() : end + 1])
                break
    return " ".join(calls)


def _lateral_aliases(bare: str) -> list[str]:
    """Aliases that are used again, unqualified, further on in the same select list."""
    found = []
    for items in _select_lists(bare):
        defined: set[str] = set()
        for item in items:
            expression, _, alias = item.rpartition(" as ")
            words = set(re.findall(r"(?<![\w.])[a-z_]\w*(?!\w*\s*\(|\.)", expression or item))
            found += sorted(defined & words)
            # `trim(key) as key` hides the column: whether key is meant again cannot be told here
            if expression and alias.strip() not in re.findall(r"\w+", expression):
                defined.add(alias.strip())
    return found


def _select_lists(bare: str) -> list[list[str]]:
    """The items of every select list, nested ones included."""
    lists = []
    for start in re.finditer(r"\bselect\b(?!\s+distinct\b)", bare):
        depth, items, item = 0, [], ""
        for token in re.findall(r"\w+|\s+|.", bare[start.end() :]):
            depth += (token == "(") - (token == ")")
            if depth < 0 or (depth == 0 and token == "from"):
                break
            if depth == 0 and token == ",":
                items.append(item)
                item = ""
            else:
                item += " " if token.isspace() else token
        lists.append([" ".join(each.split()) for each in [*items, item]])
    return lists


def test_models_and_data_tests_are_written_in_what_both_engines_read(compiled):
    breaches = {name: _breaches(sql) for name, sql in compiled.items()}
    assert not {name: found for name, found in breaches.items() if found}


def test_macros_and_hooks_say_nothing_that_one_engine_lacks():
    """Also where no model compiles them: under other settings, and in hooks."""
    breaches = []
    for folder in ("macros", "models", "snapshots", "tests"):
        for path in sorted((PROJECT / folder).rglob("*.sql")):
            text = re.sub(r"(?s)\{#.*?#\}", "", path.read_text().lower())
            breaches += [
                f"{path.relative_to(PROJECT)}: {what}"
                for what, pattern in _WORDS.items()
                if path.parent.name not in _OF_ONE_ENGINE and re.search(pattern, text)
            ]
    assert not breaches


def test_an_aggregate_of_text_has_an_order():
    """In the dialect macros, too: else the same input gives another result every time."""
    breaches = [
        str(path.relative_to(PROJECT))
        for folder in ("macros", "models", "tests")
        for path in sorted((PROJECT / folder).rglob("*.sql"))
        for call in re.findall(
            r"\b(?:string_agg|list|array_agg|listagg)\(((?:[^()]|\([^()]*\))*)\)", path.read_text()
        )
        if "order by" not in call
    ]
    assert not breaches


def test_text_has_the_type_that_dbt_gives_it():
    """varchar wants a length on Spark, and text is unknown there."""
    breaches = [
        f"{path.relative_to(PROJECT)}: {kind}"
        for folder in ("macros", "models", "snapshots", "tests")
        for path in sorted((PROJECT / folder).rglob("*.sql"))
        if path.parent.name not in _OF_ONE_ENGINE
        for kind in re.findall(r"(?i)\bas (varchar|text|char) *[()\[]", path.read_text())
    ]
    assert not breaches


@pytest.mark.parametrize(
    ("sql", "breach"),
    [
        ("select * from a qualify x = 1", "qualify"),
        ("select a, count(*) from b group by all", "group by all"),
        ("select a, count(*) from b group by 1", "group by a position"),
        ("from a select b", "from before select"),
        ("select * exclude (a) from b", "* exclude, * replace"),
        ('select "a" from b', "a quoted identifier"),
        ("select [1, 2] from b", "a list literal or subscript"),
        ("select a ->> 'b' from c", "->>"),
        ("select a -> 'b' from c", "->"),
        ("select a::date from b", "a cast with ::"),
        ("select * from a union all by name select * from b", "union by name"),
        ("select * from a join b using (c)", "using"),
        ("select epoch(a) from b", "the function epoch"),
        ("select cast(a as hugeint) from b", "the type hugeint"),
        ("select try_cast(trim(a) as varchar[]) from b", "the type varchar[]"),
        ("select string_agg(a, ',') from b", "the function string_agg"),
        ("select a + 1 as b, b + 1 as c from d", "the alias b beside its definition"),
        ("select x from (select a as b, coalesce(b, 1) as c from d) as e", "the alias b beside"),
    ],
)
def test_this_test_finds(sql, breach):
    assert any(found.startswith(breach) for found in _breaches(sql))


@pytest.mark.parametrize(
    "sql",
    [
        "select trim(a) as a, lower(a) as c from b",
        "select t.a as x, u.x as y from t inner join u on u.id = t.id",
        "select cast(count(a) as decimal(38, 12)) as b from (select c as d from e) as f",
        "select a as b, (select max(c.b) from c) as d from e",
        "-- a :: b\nselect 'group by all' as a from b",
        "with a as (select 1 as b) select count(*) filter (where b = 1) as n from a",
    ],
)
def test_this_test_lets_pass(sql):
    assert _breaches(sql) == []
