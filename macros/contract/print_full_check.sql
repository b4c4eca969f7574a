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
                unioned='(' ~ union_sources(entity, adapters) ~ ')',
                settings='(' ~ _settings_query(settings) ~ ') as settings_now',
            ),
        })) %}
    {% endif %}
{% endmacro %}


{% macro _settings_query(settings) -%}
{%- for row in settings %}
select
    {%- for name in _settings() %}
    {{ sql_text(row[name]) if row[name] is not none else 'null' }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{{ 'union all' if not loop.last }}
{%- else %}
select {{ _settings() | join(', ') }} from {{ source('raw', 'sources') }} where 1 = 0
{%- endfor %}
{%- endmacro %}


{% macro _settings() %}
    {{ return(['source', 'entity', 'late', 'timezone', 'nulls', 'adapter_hash', 'key_from']) }}
{% endmacro %}
