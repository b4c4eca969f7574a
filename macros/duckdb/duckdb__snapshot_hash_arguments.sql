{#
    The identity of a state in a snapshot: the moment from which it stands, in microseconds, before
    the record that brought it. dbt would take the md5 digest of key and moment as text: 18 bytes a
    row, where these numbers, which grow evenly, take none.

    args: what dbt gives: the key, and the moment from which the state stands.
#}
{% macro duckdb__snapshot_hash_arguments(args) -%}
    cast(
        cast(epoch_us(cast({{ args[1] }} as timestamp)) as hugeint) * 10000000000000000000 + record_id
        as decimal(38, 0)
    )
{%- endmacro %}
