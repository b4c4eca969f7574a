{#
    A SQL condition: the record `checked` has its decision, which is `decided`.
#}
{% macro was_decided() -%}
decided.record_id = checked.record_id
and (
    decided.attempt = checked.attempt
    -- a redrive under the same rules that is rejected again is no new decision
    or (decided.attempt < checked.attempt and decided.rejection_hash = checked.rejection_hash)
)
{%- endmacro %}
