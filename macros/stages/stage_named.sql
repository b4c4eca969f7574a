{#
    The stage that a word stands for; an error that lists the known stages where it stands for none.

    word:  a stage, or the word that reports use for it (cache is deduplicate).
    where: what contains the word, for the error.

    Example: {{ stage_named('cache', 'vars: skip') }}  ->  deduplicate
#}
{% macro stage_named(word, where) %}
    {% set known = stages() %}
    {% for stage, reported_as in known.items() if word in [stage, reported_as] %}
        {{ return(stage) }}
    {% endfor %}
    {% set listed = [] %}
    {% for stage, reported_as in known.items() %}
        {% do listed.append(
            stage if stage == reported_as else stage ~ ' (or ' ~ reported_as ~ ')'
        ) %}
    {% endfor %}
    {{ exceptions.raise_compiler_error(
        where ~ ": unknown stage '" ~ word ~ "', expected one of " ~ listed | join(', ')
    ) }}
{% endmacro %}
