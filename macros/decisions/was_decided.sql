{#
    A SQL condition: the row `decided` is the decision on the row `checked`.
#}
{% macro was_decided() -%}
decided.record_id = checked.record_id
and (
    decided.attempt = checked.attempt
    -- a redrive that is rejected again under the same rules is no new decision
    or (decided.attempt < checked.attempt and decided.rejection_hash = checked.rejection_hash)
)
{%- endmacro %}
