{#
    A SQL expression: the registered sources of an entity, which its reconciliation compares, as
    text; those that are stale have an exclamation mark.

    entity: the entity's name.
#}
{% macro compared_sources(entity) -%}
concat_ws(
    ',',
    cast(null as {{ dbt.type_string() }})
    {%- for name in sources_of(entity) %},
    case
        when '{{ name }}' in (select source from ({{ stale_sources(entity) | indent(8) }}) as stale)
            then '{{ name }}!'
        else '{{ name }}'
    end
    {%- endfor %}
)
{%- endmacro %}
