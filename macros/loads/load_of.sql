{#
    The load that a record came with: the reverse of how record_id is made, see rows_per_load().

    record_id: a SQL expression.
#}
{% macro load_of(record_id) -%}
    {#- the division leaves no remainder, but is done in doubles -#}
    cast(round(
        ({{ record_id }} - {{ record_id }} % {{ rows_per_load() }}) / {{ rows_per_load() }}
    ) as bigint)
{%- endmacro %}
