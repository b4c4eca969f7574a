{#
    For a history: every state of the rows of a target, those that ended and those that stand.

    entity: the entity's name.
#}
{% macro states_of(entity) -%}
{%- set ended = ref('int_' ~ entity ~ '__ended') -%}
{%- set columns = _columns_of_states(entity, ended) -%}
with

present as (

    select
        {%- for column, is_present in columns.items() %}
        {{ ('present.' ~ column) if is_present else 'null' }} as {{ column }},
        {%- endfor %}
        coalesce(kept.started_at, present.applied_at) as started_at,
        cast(null as timestamp) as ended_at
    from {{ ref(entity) }} as present
    left join {{ source('ops', 'kept_starts') }} as kept
        on kept.entity = '{{ entity }}'
        and kept.key_hash = present.key_hash

),

states as (

    select
        {{ columns.keys() | join(',\n        ') }},
        started_at,
        ended_at
    from {{ ended }}
    -- the others are in the target, or a run was stopped and the next one ends them
    where ended_at is not null
    union all
    select * from present

)

select
    {{ columns.keys() | join(',\n    ') }},
    {{ state_identity('started_at', 'key_hash') }} as dbt_scd_id,
    started_at as dbt_updated_at,
    started_at as dbt_valid_from,
    ended_at as dbt_valid_to
from states
{%- endmacro %}


{#-
    Column -> whether rows that stand have it. One that the contract has no more stays, since states
    that ended have it.
-#}
{% macro _columns_of_states(entity, ended) %}
    {% set columns = {} %}
    {% for column in contract(entity).columns.keys() | list
        + ['source', 'record_id', 'key_hash', 'run_id'] %}
        {% do columns.update({column: true}) %}
    {% endfor %}
    {% if execute and load_relation(ended) is not none %}
        {% for column in adapter.get_columns_in_relation(ended)
            if column.name not in columns and column.name not in ['started_at', 'ended_at'] %}
            {% do columns.update({column.name: false}) %}
        {% endfor %}
    {% endif %}
    {{ return(columns) }}
{% endmacro %}
