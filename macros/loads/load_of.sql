{#
    The load of a record, from its record_id (see rows_per_load).

    record_id: a SQL expression.
#}
{% macro load_of(record_id) -%}
    {#- the division leaves no remainder, but is done in doubles -#}
    cast(round(
        ({{ record_id }} - {{ record_id }} % {{ rows_per_load() }}) / {{ rows_per_load() }}
    ) as bigint)
{%- endmacro %}
