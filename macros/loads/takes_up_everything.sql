{#
    A SQL condition: this run takes up all that the entity has. That is so in the first build and
    after a rebuild that was stopped: no load is completed, and none was decided but those of this
    run. Then the projections replace what they find. Where records of a source that is registered no
    more were forgotten, its load is not completed either, but others of its records stand.

    entity: the entity's name.
#}
{% macro takes_up_everything(entity) -%}
(select count(*) from {{ source('ops', 'completed_loads') }} where entity = '{{ entity }}') = 0
and (
    select count(*)
    from (
        -- the first one will do
        select load_id
        from {{ ref(entity ~ '_decisions') }}
        where row_number is not null
            and load_id not in (select load_id from {{ ref('int_' ~ entity ~ '__checked') }})
        limit 1
    ) as others
) = 0
{%- endmacro %}
