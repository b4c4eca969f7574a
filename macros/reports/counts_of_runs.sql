{#
    A query for what runs counted of the records that they decided.

    keys: the columns to count by: run_id and entity, with or without source.

    Columns: the keys, records, one per outcome, accepted, deleted, implied_deletions, stale, ties,
    ambiguous_times, unvalidated, null_keys, and quality: accepted / (accepted + rejected), NULL
    where there was neither. records and outcomes are of what landed: what a full delivery implies
    is apart.
#}
{% macro counts_of_runs(keys) -%}
{%- set outcomes = ['applied', 'superseded', 'outdated', 'late', 'rejected', 'duplicate'] -%}
select
    counted.*,
    cast(counted.accepted as double)
    / nullif(counted.accepted + counted.rejected, 0) as quality
from (
    select
        {{ keys | join(',\n        ') }},
        {{ amount_of("measure in ('" ~ outcomes | join("', '") ~ "')") }} as records,
        {%- for outcome in outcomes %}
        {{ amount_of("measure = '" ~ outcome ~ "'") }} as {{ outcome }},
        {%- endfor %}
        {{ amount_of(is_accepted('measure')) }} as accepted,
        {{ amount_of("measure = 'deleted'") }} as deleted,
        {{ amount_of("measure = 'implied deletion'") }} as implied_deletions,
        {{ amount_of("measure = 'stale'") }} as stale,
        {{ amount_of("measure = 'tie'") }} as ties,
        {{ amount_of("measure = 'ambiguous time'") }} as ambiguous_times,
        {{ amount_of("measure = 'unvalidated'") }} as unvalidated,
        {{ amount_of("measure = 'null_key'") }} as null_keys
    from {{ source('ops', 'run_counts') }}
    where source is not null and measure not in ('older_rules', 'removed_source')
    group by
        {{ keys | join(',\n        ') }}
) as counted
{%- endmacro %}
