{#
    Casts a value of a unit test's fixture; a list, [a, b], to an array of texts.

    field, type: what dbt gives. A list is one of YAML, or is written as text in a fixture of CSV.

    Reason: dbt-spark would write a list as it stands, which is no literal of Spark's. For dbt-spark
    1.11.0.
#}
{% macro spark__safe_cast(field, type) %}
    {%- if type.startswith('array') and field != 'null' -%}
        {%- set listed = field.strip("'")[1:-1] if field is string else field | join(',') -%}
        cast({{ "split('" ~ listed ~ "', ',')" if listed else 'array()' }} as {{ type }})
    {%- else -%}
        {{ dbt_spark.spark__safe_cast(field, type) }}
    {%- endif -%}
{% endmacro %}
