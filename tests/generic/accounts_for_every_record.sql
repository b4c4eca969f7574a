{#
    Nothing is lost: what the ledger says landed is in raw, what is in raw is decided, each rejected
    record is a dead letter, and no load is left unfinished. One row per breach, which names it.

    model:  the last model of the entity's chain, whose hook completes the loads.
    entity: the entity whose sources are counted.
#}
{% test accounts_for_every_record(model, entity) %}
{%- if not is_delivered_in_full(entity) -%}
    {%- do hand_to_plan('of the last run', unaccounted_records(entity, last_loads(entity))) -%}
{%- endif -%}
{{ unaccounted_records(entity) }}
{% endtest %}
