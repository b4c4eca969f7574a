{#
    An operation that prints the contract's version, and SQL which checks every landed record of an
    entity against the contract as it is written now. It builds nothing and reads no model; `hub
    contract diff` runs what it prints.

    entity:   the entity's name.
    adapters: the compiled SQL of the adapters to read, by source.
    settings: the rows of raw.sources that belong to them, as the files have them now.

    Example: dbt run-operation print_full_check --args '{entity: events, adapters: {}, settings: []}'
#}
{% macro print_full_check(entity, adapters, settings) %}
    {% if execute %}
        {% do print(tojson({
            'version': contract(entity).version,
            'check_sql': check_records(
                entity,
                outside_build=true,
                unioned='(' ~ union_sources(entity, adapters) ~ ') as unioned_files',
                settings='(' ~ _settings_query(settings) ~ ') as settings_files',
            ),
        })) %}
    {% endif %}
{% endmacro %}


{% macro _settings_query(settings) -%}
{%- for row in settings %}
select
    {%- for name in ['source', 'late', 'timezone', 'adapter_hash'] %}
    {{ sql_text(row[name]) }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{{ 'union all' if not loop.last }}
{%- else %}
select source, late, timezone, adapter_hash from {{ source('raw', 'sources') }} where 1 = 0
{%- endfor %}
{%- endmacro %}
