{#
    A SQL expression for the identity of a state in a history, a decimal(38, 0): the moment from which
    it stands, in microseconds, before the digest of its key.

    started_at, key_hash: SQL expressions.
#}
{% macro state_identity(started_at, key_hash) %}
    {{- return(adapter.dispatch('state_identity')(started_at, key_hash)) -}}
{% endmacro %}


{% macro duckdb__state_identity(started_at, key_hash) -%}
cast(cast(epoch_us({{ started_at }}) as hugeint) * 10000000000000000000 + {{ key_hash }} as decimal(38, 0))
{%- endmacro %}


{% macro spark__state_identity(started_at, key_hash) -%}
cast(
        cast(unix_micros({{ started_at }}) as decimal(18, 0)) * 10000000000000000000 + {{ key_hash }}
        as decimal(38, 0)
    )
{%- endmacro %}
