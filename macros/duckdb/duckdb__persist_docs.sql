{#
    Writes descriptions as comments into the database. What was made just now has none. Of a table
    that stays, only those are written that are not what they should be.

    relation:     what is described.
    model:        the node with the descriptions.
    for_relation: whether the relation's own is wanted.
    for_columns:  whether the columns' are wanted.

    Reason: dbt writes every comment in every run. Each is a change of the catalogue, and nearly
    always there is none to make. For dbt-duckdb 1.11.1; needed until
    test_dbt_still_writes_every_comment_in_every_run fails.
#}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) %}
    {% set comments = [] %}
    {% for name, comment in _commented(relation) %}
        {% if name is none %}
            {% if for_relation and config.persist_relation_docs() and model.description
                and model.description != comment %}
                {% do comments.append(alter_relation_comment(relation, model.description)) %}
            {% endif %}
        {% elif for_columns and config.persist_column_docs() and name in model.columns
            and model.columns[name].description != (comment or '') %}
            {% do comments.append(
                'comment on column ' ~ relation ~ '.' ~ adapter.quote(name) ~ ' is '
                ~ duckdb_escape_comment(model.columns[name].description) ~ ';'
            ) %}
        {% endif %}
    {% endfor %}
    {% if comments %}
        {% call statement() %}{{ comments | join('\n') }}{% endcall %}
    {% endif %}
{% endmacro %}


{#-
    The comments of a relation that may not be as described: (column, comment), and (none, comment)
    for the relation itself.
#}
{% macro _commented(relation) %}
    {% if config.get('materialized') not in ['incremental', 'snapshot'] %}
        {{ return([(none, none)] + rows_of(
            'select column_name, null from (describe ' ~ relation ~ ')'
        )) }}
    {% endif %}
    {% if same_project() %}
        {{ return([]) }}
    {% endif %}
    {% set place = 'where database_name = ' ~ sql_text(relation.database)
        ~ ' and schema_name = ' ~ sql_text(relation.schema)
        ~ ' and table_name = ' ~ sql_text(relation.identifier) %}
    {{ return(rows_of(
        'select column_name, comment from duckdb_columns() ' ~ place
        ~ ' union all select null, comment from duckdb_tables() ' ~ place
    )) }}
{% endmacro %}
