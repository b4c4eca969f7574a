{#
    The identity of a state in a snapshot: the moment from which it stands, in microseconds, before
    the record that brought it.

    args: what dbt gives: the key, and the moment from which the state stands.

    Reason: dbt takes the md5 digest of key and moment as text, 18 bytes a row. These numbers
    grow evenly, so they take almost none. For dbt-duckdb 1.11.1; needed until
    test_dbt_still_names_states_of_a_snapshot_by_a_text fails.
#}
{% macro duckdb__snapshot_hash_arguments(args) -%}
    cast(
        cast(epoch_us(cast({{ args[1] }} as timestamp)) as hugeint) * 10000000000000000000
        + record_id
        as decimal(38, 0)
    )
{%- endmacro %}
