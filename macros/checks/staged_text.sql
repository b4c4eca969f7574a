{#
    What a record says of a column of the contract, as text: NULL for what means nothing to its
    source, then after what the contract's `normalize` says. A tombstone says its key and its time
    only, which the message has beside the record. Reads settings.null_texts.

    contract: as contract() returns it.
    name:     the column.
    unioned:  the relation of the staged records.
#}
{% macro staged_text(contract, name, unioned) -%}
    {%- set given = unioned ~ '.' ~ name -%}
    {%- set plain = json_plain(given) if contract.columns[name].type == 'json' else given -%}
    {%- set ns = namespace(
        text='case when settings.null_texts is null then ' ~ given
            ~ ' when not array_contains(settings.null_texts, ' ~ trimmed(plain) ~ ') then ' ~ given
            ~ ' end'
    ) -%}
    {%- if tombstone_sources(contract.entity) -%}
        {%- set said = {
            contract.key: json_member(unioned ~ '.position', 'key'),
            contract.event_time: epoch_as_text(json_member(unioned ~ '.position', 'timestamp')),
        } -%}
        {%- if name in said -%}
            {%- set ns.text = 'case when ' ~ is_tombstone(contract.entity, unioned) ~ ' then '
                ~ said[name] ~ ' else ' ~ ns.text ~ ' end' -%}
        {%- endif -%}
    {%- endif -%}
    {%- for step in contract.columns[name].normalize or [] -%}
        {%- set ns.text = trimmed(ns.text) if step == 'trim' else step ~ '(' ~ ns.text ~ ')' -%}
    {%- endfor -%}
    {{- ns.text -}}
{%- endmacro %}
