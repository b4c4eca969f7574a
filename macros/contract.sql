{#
    The contract of an entity: data, written once in macros/contracts/<entity>.sql, from which
    the typed check, the reasons for rejection, the order per key and the docs are made.

    entity: the entity's name, as in `vars: sources`.

    A contract says
      version     semantic version; raise it with every change of a rule
      key         the column that identifies a thing
      event_time  the column that orders records of one key, or none: then arrival does
      freshness   the column whose age makes a row stale, or none
      skew_hours  how far in the future an event time may lie (default 24)
      prefer      'newest', or a list of sources, most trusted first
      columns     name -> type (string, number, integer, boolean, timestamp, json), required,
                  allowed, min, max, pattern, normalize (trim, lower, upper),
                  reconcile (true, {'absolute': '0.01'} or {'relative': '0.05'})
      rules       name -> SQL condition over the typed columns that should hold

    Example: {% set rules = contract('orders') %}{{ rules.key }}
#}
{% macro contract(entity) %}
    {% set written = entity_contracts().get(entity) %}
    {% if written is none %}
        {{ exceptions.raise_compiler_error(
            "contract: no entity '" ~ entity ~ "', expected one of "
            ~ entity_contracts().keys() | join(', ')
        ) }}
    {% endif %}
    {% set filled = {'skew_hours': 24, 'prefer': 'newest', 'rules': {}, 'entity': entity} %}
    {% do filled.update(written) %}
    {% do _check_contract(filled) %}
    {{ return(filled) }}
{% endmacro %}


{% macro _check_contract(contract) %}
    {% set words = [
        'entity', 'version', 'key', 'event_time', 'freshness', 'skew_hours', 'prefer', 'columns',
        'rules',
    ] %}
    {% set column_words = [
        'type', 'required', 'allowed', 'min', 'max', 'pattern', 'normalize', 'reconcile',
    ] %}
    {% set types = ['string', 'number', 'integer', 'boolean', 'timestamp', 'json'] %}
    {% set faults = [] %}
    {% for word in contract if word not in words %}
        {% do faults.append("unknown word '" ~ word ~ "', expected one of " ~ words | join(', ')) %}
    {% endfor %}
    {% for word in ['key', 'event_time', 'freshness'] %}
        {% if contract.get(word) is not none and contract.get(word) not in contract.columns %}
            {% do faults.append(word ~ " names no column: '" ~ contract.get(word) ~ "'") %}
        {% endif %}
    {% endfor %}
    {% for name, column in contract.columns.items() %}
        {% if column.type not in types %}
            {% do faults.append(
                name ~ ": type '" ~ column.type ~ "', expected one of " ~ types | join(', ')
            ) %}
        {% endif %}
        {% for word in column if word not in column_words %}
            {% do faults.append(
                name ~ ": unknown word '" ~ word ~ "', expected one of " ~ column_words | join(', ')
            ) %}
        {% endfor %}
    {% endfor %}
    {% if contract.key and contract.columns[contract.key].type != 'string' %}
        {% do faults.append("the key's type must be string") %}
    {% endif %}
    {% if faults %}
        {{ exceptions.raise_compiler_error(
            "contract of " ~ contract.entity ~ ": " ~ faults | join('; ')
        ) }}
    {% endif %}
{% endmacro %}
