{#
    Writes descriptions as comments into the warehouse, for the columns of an adapter those of its
    entity's union. A column that is described and does not exist is warned of.

    relation:     what is described.
    model:        the node with the descriptions.
    for_relation: whether the relation's own is wanted.
    for_columns:  whether the columns' are wanted.

    Reason: dbt asks for the columns twice, by a slow query, and that was a fifth of a first build.
    For dbt-duckdb 1.11.1; needed until test_dbt_still_asks_twice_for_the_columns_it_describes
    fails.
#}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) %}
    {% set comments = [] %}
    {% if for_relation and config.persist_relation_docs() and model.description %}
        {% do comments.append(alter_relation_comment(relation, model.description)) %}
    {% endif %}
    {% set described = described_columns(model) %}
    {% if for_columns and config.persist_column_docs() and described %}
        {% set existing = _names_of_columns(relation) %}
        {% for name, column in validate_doc_columns(relation, described, existing).items() %}
            {% do comments.append(
                'comment on column ' ~ relation ~ '.'
                ~ (adapter.quote(name) if column.quote else name)
                ~ ' is ' ~ duckdb_escape_comment(column.description) ~ ';'
            ) %}
        {% endfor %}
    {% endif %}
    {% if comments %}
        {% do adapter.add_query(comments | join('\n'), auto_begin=false) %}
    {% endif %}
{% endmacro %}


{#- `describe` would bind the whole query of a view. -#}
{% macro _names_of_columns(relation) %}
    {% set names = [] %}
    {% for (name,) in rows_of(
        'select column_name from duckdb_columns() where database_name = '
        ~ sql_text(relation.database) ~ ' and schema_name = ' ~ sql_text(relation.schema)
        ~ ' and table_name = ' ~ sql_text(relation.identifier)
    ) %}
        {% do names.append(name) %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}
