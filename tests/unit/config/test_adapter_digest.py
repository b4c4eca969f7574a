"""An adapter's digest changes with what it reads, and with nothing else."""

import re
from pathlib import Path

import pytest

from loader.config.adapter_digest import AdapterDigests
from loader.config.essence import essence
from tests.support.shipped import PROJECT

ADAPTER = """\
select
    {{ record_identity() }},
    {{ json_text('uid') }} as order_id,
    -- some senders write the status itself
    coalesce({{ json_value('data.status') }}, 'it''s  new') as status
from {{ source('raw', 'alpha') }}
"""
MACROS = """\
{#  What is called: {% macro other() %} is no macro here. #}
{% macro json_text(field) %}
    {{- return(adapter.dispatch('json_text')(field)) -}}
{% endmacro %}


{% macro duckdb__json_text(field) -%}
    {#- Only where it can be read. -#}
    case when problem is null then json_extract_string(record, {{ _path(field) }}) end
{%- endmacro %}


{% macro spark__json_text(field) %}get_json_object(record, '{{ field }}'){% endmacro %}
"""
PATH = "{% macro _path(field) %}'$.{{ field.replace(\"'\", \"''\") }}'{% endmacro %}\n"
OTHER = "{% macro other() %}x{% endmacro %}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "macros" / "dialect").mkdir(parents=True)
    (tmp_path / "macros" / "dialect" / "json_text.sql").write_text(MACROS)
    (tmp_path / "macros" / "_path.sql").write_text(PATH)
    (tmp_path / "macros" / "other.sql").write_text(OTHER)
    (tmp_path / "adapter.sql").write_text(ADAPTER)
    return tmp_path


def digest(root: Path, file: str = "", old: str = "", new: str = "") -> str:
    """The digest, with something written anew in a file."""
    if file:
        text = (root / file).read_text()
        assert old in text
        (root / file).write_text(text.replace(old, new))
    return AdapterDigests(root).of(root / "adapter.sql")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("adapter.sql", "-- some senders write the status itself\n", ""),
        ("adapter.sql", "    -- some", "    /* don't /* nest */ */ -- it's some"),
        ("adapter.sql", "select\n", "select {# it's a note #}"),
        ("adapter.sql", "coalesce(", "coalesce(\n        "),
        ("adapter.sql", " as order_id", "\n        as order_id"),
        ("adapter.sql", "json_text('uid')", "json_text( 'uid' )"),
        ("adapter.sql", "{{ json_value('data.status') }}", "{{json_value('data.status')}}"),
        ("adapter.sql", "source('raw', 'alpha')", "source('raw', 'north')"),
        ("macros/dialect/json_text.sql", "    {#- Only where it can be read. -#}\n", ""),
        ("macros/dialect/json_text.sql", "What is called", "Other words"),
        ("macros/dialect/json_text.sql", "get_json_object", "from_json"),
        ("macros/other.sql", "x", "y"),
    ],
)
def test_it_stays(root: Path, file: str, old: str, new: str) -> None:
    assert digest(root) == digest(root, file, old, new)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("adapter.sql", "'uid'", "'uuid'"),
        ("adapter.sql", "it''s  new", "it''s new"),
        ("adapter.sql", "it''s  new", "it''s  --new"),
        ("adapter.sql", "status", "state"),
        ("macros/dialect/json_text.sql", "is null then", "is not null then"),
        ("macros/dialect/json_text.sql", "('json_text')(", "('json_text')(not "),
        ("macros/_path.sql", "'$.", "'$. "),
    ],
)
def test_it_changes(root: Path, file: str, old: str, new: str) -> None:
    assert digest(root) != digest(root, file, old, new)


def test_a_macro_that_takes_the_place_of_a_general_one_changes_it(root: Path) -> None:
    before = digest(root)
    (root / "macros" / "own.sql").write_text("{% macro default__json_value(f) %}1{% endmacro %}")
    assert digest(root) != before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select a<=b", "select a <= b"),
        ("select a -- x\n, b", "select a, b"),
        ("select 1/**/+ 2", "select 1 + 2"),
        ("select E'a\\'  -- b' , c", "select E'a\\'  -- b',c"),
        ('select "a  b" ,c', 'select "a  b",c'),
        ("{% if x %} a {% endif %}", "{%- if x %}\n a\n{% endif -%}"),
        ("a {{- {'b': {'c': 1}} }} d", "a{{ {'b':{'c':1}}}}\nd"),
        ("'{{ a }}  {{ b }}'", "'{{a}}  {{b}}'"),
        ("{{ ref('a') }}", "{{ ref( (b ~ ')'), v=2 ) }}"),
        ("select $$ it's $$ , 1", "select $$ it's $$,1"),
    ],
)
def test_what_has_the_same_meaning_is_equal(one: str, other: str) -> None:
    assert essence(one)[0] == essence(other)[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a_{{ b }}", "a_ {{ b }}"),
        ("- {{ b }}", "-{{ b }}"),
        ("{{ a }}{{ b }}", "{{ a }} {{ b }}"),
        ("a {{ b }}", "a {{- b }}"),
        ("'a  b'", "'a b'"),
        ("'a {{ b }}'", "'a {{- b }}'"),
        ("'{{ a }}--b'", "'{{ a }}'--b'"),
        ("a -- {{ b }}", "a"),
        ("a -- b\n{{- c }}", "a\n{{- c }}"),
        ("a /* {{ b }} */", "a"),
        ("a < = b", "a <= b"),
        ("{% raw %}{# a #}{% endraw %}", "{% raw %}{% endraw %}"),
        ("{{ 'a  b' }}", "{{ 'a b' }}"),
        ("$$ a  b $$", "$$ a b $$"),
        ("1 2", "12"),
    ],
)
def test_what_may_have_another_meaning_is_not_equal(one: str, other: str) -> None:
    assert essence(one)[0] != essence(other)[0]


@pytest.mark.parametrize("text", ["'open", "/* open", "{{ open", "{% set x = 'open %}", "\x00"])
def test_what_is_not_whole_is_taken_as_it_is(text: str) -> None:
    assert essence(text)[0] == text


def test_the_names_are_those_that_tags_may_call() -> None:
    _, names = essence(
        "select a from {{ source('raw', b) }} where {{ c.d('e', f=g) }} {% do h() %} "
        "{{ adapter.dispatch('i', 'hub')(j) }}"
    )
    assert names >= {"c", "d", "g", "h", "i", "j"}
    assert not names & {"a", "b", "e", "raw", "hub"}


def test_each_shipped_adapter_has_one() -> None:
    adapters = sorted((PROJECT / "models" / "staging").glob("*/*.sql"))
    digests = [AdapterDigests(PROJECT).of(adapter) for adapter in adapters]
    assert digests
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)
