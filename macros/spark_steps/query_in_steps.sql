{#
    A query that gives the same rows, in which costly CTEs are read from tables: those that others
    read more than once and that themselves read many relations. forget_steps drops these tables.

    query: SQL, its CTEs as the project writes them: `name as (` and `)` on lines of their own.

    Reason: Spark puts the text of a CTE in each place that reads it, before it looks at anything, so
    what doubles ten times over is a thousand times as long. For Spark 4.2.
#}
{% macro query_in_steps(query) %}
    {% do forget_steps() %}
    {% set parts = modules.re.findall('(?ms)^(\\w+) as \\(\\n(.*?)\\n\\)', query) %}
    {% if not parts %}
        {{ return(query) }}
    {% endif %}
    {% set last = query.rpartition('\n)\n')[2] %}
    {% set bodies = dict(parts) %}
    {% set sizes = {} %}
    {% for name, body in parts %}
        {% do sizes.update({name: _relations_read(body, sizes)}) %}
        {% set readers = [] %}
        {% for other in (bodies.values() | list) + [last] %}
            {% do readers.extend(_ctes_read(other) | select('equalto', name)) %}
        {% endfor %}
        {% if sizes[name] > 20 and readers | length > 1 %}
            {% set step = this.schema ~ '.' ~ _prefix_of_steps() ~ invocation_id[:8] ~ '_' ~ name %}
            {% call statement() -%}
                create table {{ step }} using parquet as
                {{ _with_what_is_read('select * from ' ~ name, bodies) }}
            {%- endcall %}
            {% do bodies.update({name: '    select * from ' ~ step}) %}
            {% do sizes.update({name: 1}) %}
        {% endif %}
    {% endfor %}
    {{ return(_with_what_is_read(last, bodies)) }}
{% endmacro %}


{% macro _prefix_of_steps() %}
    {{ return(model.name ~ '__step_') }}
{% endmacro %}


{#- The names that a query reads from, each as often as it does. -#}
{% macro _ctes_read(query) %}
    {% set code = modules.re.sub('--[^\\n]*', '', query) %}
    {{ return(modules.re.findall('\\b(?:from|join)\\s+(\\w+)\\b(?!\\.)', code)) }}
{% endmacro %}


{#- How many relations a query reads when its CTEs are put in their places. -#}
{% macro _relations_read(query, sizes) %}
    {% set ns = namespace(total=0) %}
    {% for name in _ctes_read(query) %}
        {% set ns.total = ns.total + sizes.get(name, 1) %}
    {% endfor %}
    {{ return([ns.total, 1] | max) }}
{% endmacro %}


{#- A query behind the CTEs that it reads, and those that these read. -#}
{% macro _with_what_is_read(query, bodies) %}
    {% set wanted = {} %}
    {% do wanted.update({none: query}) %}
    {% for name in bodies.keys() | list | reverse %}
        {% for reader in wanted.values() | list if name in _ctes_read(reader) %}
            {% do wanted.update({name: bodies[name]}) %}
        {% endfor %}
    {% endfor %}
    {% set written = [] %}
    {% for name, body in bodies.items() if name in wanted %}
        {% do written.append(name ~ ' as (\n' ~ body ~ '\n)') %}
    {% endfor %}
    {{ return(('with\n\n' ~ written | join(',\n\n') ~ '\n\n' if written else '') ~ query) }}
{% endmacro %}
