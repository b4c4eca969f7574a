{#
    The incremental strategy `project`: this run's rows replace those of the same unique_key. Which
    record wins was decided before, so nothing is compared here and a repeat changes nothing. The
    key is one bigint column: to delete by it and insert writes only what changed, while a merge
    rewrites every block that it touches. Of a target it counts how many keys that changed.

    args: what dbt gives a strategy: target_relation, temp_relation, unique_key, dest_columns.
#}
{% macro get_incremental_project_sql(args) %}
    {% set key = args.unique_key %}
    {% if key is not string %}
        {{ exceptions.raise_compiler_error(
            "strategy project: expected unique_key to be one column, got '" ~ key ~ "' in "
            ~ model.name
        ) }}
    {% endif %}
    {% set columns = args.dest_columns | map(attribute='name') | join(', ') %}
    {% set entity = model.tags[0] %}
    {% set replaced = 'select ' ~ key ~ ' from ' ~ args.temp_relation %}
    {% set gone, all_go = [], none %}
    {% if config.get('full_refresh') is none %}
        {% set gone = _gone_keys(entity) %}
        {% set all_go = takes_up_everything(entity) if stage_is_on('adapt') %}
    {% endif %}
    {% if model.name == entity %}
    {{ rows_before(entity, args.target_relation, replaced, gone, all_go) }}
    {%- if keeps_history(entity) %}
    {{ note_displaced(entity, args.target_relation, entity ~ '_before') }};
    {%- endif %}
    delete from {{ args.target_relation }}
    where key_hash in (select key_hash from {{ entity }}_before);
    {% else %}
    delete from {{ args.target_relation }}
    where {{ key }} in ({{ replaced }});
    -- statements of their own: the engine finds keys faster where they are all that is asked
    {%- if all_go %}
    delete from {{ args.target_relation }}
    where {{ all_go }};
    {%- endif %}
    {%- for keys in gone %}
    delete from {{ args.target_relation }}
    where key_hash in ({{ keys }});
    {%- endfor %}
    {% endif %}
    insert into {{ args.target_relation }} ({{ columns }})
    select {{ columns }} from {{ args.temp_relation }};
    {%- if model.name == entity %}
    {{ count_changed_keys(entity, args.target_relation) }}
    {%- endif %}
{% endmacro %}


{#- Queries for the keys whose rows go although none may come instead. -#}
{% macro _gone_keys(entity) %}
    {% set gone = [] %}
    {% if stage_is_on('adapt') %}
        {% do gone.append(reprocessed_keys(entity)) %}
        {% if model.name == entity %}
            {% do gone.append(deleted_keys(entity)) %}
        {% endif %}
    {% endif %}
    {#- of sources that are no longer compared, too, whether or not anything is taken up -#}
    {% if model.name == entity ~ '_reconciliation' %}
        {% do gone.append(touched_keys(entity)) %}
    {% endif %}
    {{ return(gone) }}
{% endmacro %}
