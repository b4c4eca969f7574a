{#
    What went wrong in a build, one text per failed node, which is also logged. The text of a failed
    data test has its first rows, since they name the record or load that is wrong. Where checked
    records fail at what they hold, it may be an adapter's fault; the hub command finds out which.

    results: what dbt reports of every node.
#}
{% macro failures_of(results) %}
    {% set errors = [] %}
    {% for result in results if result.status in ['error', 'fail', 'runtime error'] %}
        {#- of what Spark says, the sentence alone, without the calls that led there -#}
        {% set message = (result.message or '').partition('JVM stacktrace:')[0] | trim %}
        {#- of what our own macros say, the sentence alone, without the macros that called them -#}
        {% if '\n  > in macro ' in message %}
            {% set message = message.split('\n  > in macro ')[0].partition('\n')[2] | trim %}
        {% endif %}
        {% set text = result.node.name ~ ': ' ~ message ~ _adapters_behind(result.node, message) %}
        {% if result.status == 'fail' and result.node.resource_type == 'test' %}
            {% set rows = run_query(
                'select * from (' ~ result.node.compiled_code ~ ') as failing limit 10'
            ) %}
            {% set lines = [] %}
            {% for row in rows %}
                {% set cells = [] %}
                {% for name in rows.column_names %}
                    {% do cells.append(name ~ '=' ~ row[name]) %}
                {% endfor %}
                {% do lines.append(cells | join(', ')) %}
            {% endfor %}
            {% set text = result.node.name ~ ': ' ~ lines | join('; ') %}
        {% endif %}
        {% do errors.append(text) %}
        {% do log(text, info=true) %}
    {% endfor %}
    {{ return(errors) }}
{% endmacro %}


{% macro _adapters_behind(node, message) -%}
    {%- set entity = node.name[4:-9] -%}
    {%- if node.name == 'int_' ~ entity ~ '__checked' and not env_var('HUB_RUN_ID', '')
        and ('Conversion Error' in message or 'Invalid Input Error' in message
            or 'Out of Range Error' in message) %}
it read its records by the adapters
        {%- for name in sources_of(entity) %} models/staging/{{ name }}/stg_{{ name }}__{{ entity }}.sql
        {{- ',' if not loop.last }}{% endfor %}: if one of them is at fault, `hub run` names it, with the file and row
    {%- endif -%}
{%- endmacro %}
