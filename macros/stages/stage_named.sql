{#
    The stage that a word stands for. For an unknown word, raises an error that lists the stages.

    word:  a stage, or the word that reports use for it (cache is deduplicate).
    where: what contains the word, for the error.

    Example: {{ stage_named('cache', 'vars: skip') }}  ->  deduplicate
#}
{% macro stage_named(word, where) %}
    {% set other_words = [] %}
    {% for stage, reported_as in stages().items() %}
        {% if word in [stage, reported_as] %}
            {{ return(stage) }}
        {% elif stage != reported_as %}
            {% do other_words.append(reported_as ~ ', which is ' ~ stage) %}
        {% endif %}
    {% endfor %}
    {{ exceptions.raise_compiler_error(
        where ~ ": unknown stage '" ~ word ~ "', expected one of " ~ stages() | join(', ')
        ~ ' (or ' ~ other_words | join(', ') ~ ')'
    ) }}
{% endmacro %}
