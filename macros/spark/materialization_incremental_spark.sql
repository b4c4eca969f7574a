{#
    Builds an incremental model by the one statement of its strategy. `project` is what
    get_incremental_project_sql does on DuckDB in several: rows of the given keys, and of those that
    are gone, are deleted, and the new rows inserted. Where nothing is completed, all is overwritten.

    Reason: dbt-spark knows no strategies of a project's own, and first makes a view of the query, for
    which Spark takes minutes where it has many CTEs. A build may be stopped after any statement, and
    Spark has no transaction over two of them. For dbt-spark 1.11.0.
#}
{% materialization incremental, adapter='spark' %}
    {%- set existing = load_relation(this) -%}
    {%- set strategy = config.get('incremental_strategy') -%}
    {%- if strategy not in ['append', 'project'] -%}
        {{ exceptions.raise_compiler_error(
            "incremental_strategy: expected append or project on Spark, got '" ~ strategy ~ "' in "
            ~ model.name
        ) }}
    {%- endif -%}
    {{ run_hooks(pre_hooks) }}
    {%- set query = query_in_steps(sql) -%}
    {%- if existing is none or should_full_refresh() -%}
        {% call statement('main') %}{{ create_table_as(False, this, query) }}{% endcall %}
        {% do persist_constraints(this, model) %}
    {%- else -%}
        {%- set columns = _columns_of_both(existing) -%}
        {%- if model.name == model.tags[0] and keeps_history(model.name) -%}
            {% call statement() -%}
                {{ note_displaced(model.name, existing, _displaced_rows(existing, query)) }}
            {%- endcall %}
        {%- endif -%}
        {% call statement('main') -%}
            {{ _append(existing, query, columns) if strategy == 'append'
                else _project(existing, query, columns) }}
        {%- endcall %}
    {%- endif -%}
    {% do forget_steps() %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}


{#-
    The names of the columns that table and model have; those that the table lacks are added. One that
    the model has no more stays in the table, NULL in new rows.
-#}
{% macro _columns_of_both(existing) %}
    {% set known = adapter.get_columns_in_relation(existing) | map(attribute='name') | list %}
    {% for name, column in model.columns.items() if name not in known %}
        {% call statement() -%}
            alter table {{ existing }} add columns ({{ name }} {{ column.data_type }})
        {%- endcall %}
        {% do known.append(name) %}
    {% endfor %}
    {{ return(known | select('in', model.columns) | join(', ')) }}
{% endmacro %}


{#- The rows of a target that a projection replaces or takes out, as a query in parentheses. -#}
{% macro _displaced_rows(existing, query) -%}
{%- set entity = model.tags[0] -%}
(
    select * from {{ existing }}
    where key_hash in (
        select key_hash from (
            {{ query | indent(12) }}
        ) as given
        {%- for keys in _gone_keys(entity) %}
        union
        ({{ keys | indent(8) }})
        {%- endfor %}
    )
    {%- if stage_is_on('adapt') %}
        or {{ takes_up_everything(entity) }}
    {%- endif %}
)
{%- endmacro %}


{% macro _append(existing, query, columns) -%}
insert into {{ existing }} ({{ columns }})
select {{ columns }} from (
{{ query }}
) as given
{%- endmacro %}


{% macro _project(existing, query, columns) -%}
{%- set key = config.get('unique_key') -%}
{%- set follows = config.get('full_refresh') is none -%}
{%- if follows and stage_is_on('adapt')
    and rows_of('select ' ~ takes_up_everything(model.tags[0]))[0][0] -%}
insert overwrite {{ existing }} ({{ columns }})
select {{ columns }} from (
{{ query }}
) as given
{%- else -%}
merge into {{ existing }} as kept
using (
    with

    given as (

        {{ query | indent(8) }}

    )

    select {{ columns }}, cast(null as bigint) as deleted_key from given
    union all
    select {% for _ in columns.split(', ') %}null, {% endfor %}deleted_key
    from (
        select {{ key }} as deleted_key from given
        {%- for keys in (_gone_keys(model.tags[0]) if follows else []) %}
        union
        ({{ keys | indent(8) }})
        {%- endfor %}
    ) as deleted
) as given
on kept.{{ key }} = given.deleted_key
when matched then delete
when not matched and given.deleted_key is null
    then insert ({{ columns }}) values (given.{{ columns.replace(', ', ', given.') }})
{%- endif -%}
{%- endmacro %}
