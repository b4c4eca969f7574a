{#
    Writes descriptions as comments into the warehouse, as dbt does, and for the columns of an
    adapter those of its entity's union.

    relation:     what is described.
    model:        the node with the descriptions.
    for_relation: whether the relation's own is wanted.
    for_columns:  whether the columns' are wanted.
#}
{% macro default__persist_docs(relation, model, for_relation, for_columns) %}
    {% do dbt.default__persist_docs(
        relation,
        {'description': model.description, 'columns': described_columns(model)},
        for_relation,
        for_columns,
    ) %}
{% endmacro %}
