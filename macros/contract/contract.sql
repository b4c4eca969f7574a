{#
    The contract of an entity: data, written once in macros/contracts/<entity>.sql, from which
    the typed check, the reasons for rejection and the order per key are made. `make contracts`
    writes from it what follows: the models of the entity, their YAML, docs/contracts.md.

    entity: the entity's name, as in `vars: sources`.

    Returns the rules alone: descriptions and history are left out, so that a record that was
    rejected is not judged anew because a sentence has changed.

    A contract says
      version     semantic version; raise it with every change of a rule
      key         the column that identifies a thing
      event_time  the column that orders records of one key, or none: then arrival does
      freshness   the column whose age makes a row stale, or none
      skew_hours  how far in the future an event time may lie (default 24)
      prefer      'newest', or a list of sources, most trusted first
      deleted_when  {'column': 'op', 'values': ['D']}: a record with one of these texts takes the row
                  of its key out of the target; it needs its key and event time only
      history     whether every state of a row is kept in marts.<entity>_history (default false)
      columns     name -> type (string, integer, boolean, timestamp, json; number, which is a double
                  and keeps about 15 digits; decimal(p, s), which keeps p digits, s of them behind
                  the point), required, allowed, min, max, pattern,
                  normalize (trim, lower, upper),
                  blank (keep: an optional text may be blank; otherwise it is NULL then),
                  reconcile (true, {'absolute': '0.01'} or {'relative': '0.05'}),
                  sensitive (hash, mask: how a text is stored that not everybody may read),
                  description (a sentence: what it holds)
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
    {% do filled.pop('history', none) %}
    {% do filled.update({'columns': _rules_of_columns(filled.columns)}) %}
    {{ return(filled) }}
{% endmacro %}


{% macro _rules_of_columns(columns) %}
    {% set rules = {} %}
    {% for name, column in columns.items() %}
        {% do rules.update({name: {}}) %}
        {% for word, value in column.items() if word != 'description' %}
            {% do rules[name].update({word: value}) %}
        {% endfor %}
    {% endfor %}
    {{ return(rules) }}
{% endmacro %}


{% macro _check_contract(contract) %}
    {% set words = [
        'entity', 'version', 'key', 'event_time', 'freshness', 'skew_hours', 'prefer',
        'deleted_when', 'history', 'columns', 'rules',
    ] %}
    {% set column_words = [
        'type', 'required', 'allowed', 'min', 'max', 'pattern', 'normalize', 'reconcile',
        'blank', 'sensitive', 'description',
    ] %}
    {% set faults = [] %}
    {% for word in contract if word not in words %}
        {% do faults.append(_expected('word', word, words)) %}
    {% endfor %}
    {% for word in ['version', 'key', 'columns'] if not contract.get(word) %}
        {% do faults.append(word ~ ' is missing') %}
    {% endfor %}
    {% set columns = contract.get('columns') or {} %}
    {% for word in ['key', 'event_time', 'freshness'] if contract.get(word) %}
        {% set type = 'string' if word == 'key' else 'timestamp' %}
        {% if contract[word] not in columns %}
            {% do faults.append(word ~ " names no column: '" ~ contract[word] ~ "'") %}
        {% elif columns[contract[word]].type != type %}
            {% do faults.append('the type of the ' ~ word ~ ' must be ' ~ type) %}
        {% endif %}
    {% endfor %}
    {% do faults.extend(_faults_of_deletion(contract.get('deleted_when'), columns)) %}
    {% if contract.prefer is string and contract.prefer != 'newest' %}
        {% do faults.append(_expected('prefer', contract.prefer, ['newest', 'a list of sources'])) %}
    {% endif %}
    {% for name, column in columns.items() %}
        {% for word in column if word not in column_words %}
            {% do faults.append(name ~ ': ' ~ _expected('word', word, column_words)) %}
        {% endfor %}
        {% set types = ['string', 'number', 'integer', 'boolean', 'timestamp', 'json'] %}
        {% if column.type not in types and not _is_decimal(column.type | string) %}
            {% do faults.append(
                name ~ ': ' ~ _expected('type', column.type, types + ['decimal(p, s)'])
            ) %}
        {% endif %}
        {% for step in column.normalize or [] if step not in ['trim', 'lower', 'upper'] %}
            {% do faults.append(
                name ~ ': ' ~ _expected('normalize', step, ['trim', 'lower', 'upper'])
            ) %}
        {% endfor %}
        {% if column.blank is defined and (
            column.blank != 'keep' or column.required or column.type not in ['string', 'json']
        ) %}
            {% do faults.append(name ~ ': blank must be keep, of a column that is an optional text') %}
        {% endif %}
        {% if (column.min is defined or column.max is defined)
            and not is_number(column.type | string) %}
            {% do faults.append(name ~ ': min and max are for numbers') %}
        {% endif %}
        {% if column.reconcile is mapping and not is_number(column.type | string) %}
            {% do faults.append(name ~ ': a tolerance is for numbers') %}
        {% endif %}
        {% do faults.extend(_faults_of_sensitive(contract, name, column)) %}
    {% endfor %}
    {% if faults %}
        {{ exceptions.raise_compiler_error(
            "contract of " ~ contract.entity ~ ": " ~ faults | join('; ')
        ) }}
    {% endif %}
{% endmacro %}


{% macro _faults_of_deletion(deleted_when, columns) %}
    {% if not deleted_when %}
        {{ return([]) }}
    {% endif %}
    {% set form = "{'column': 'op', 'values': ['D']}" %}
    {% if deleted_when is not mapping or deleted_when.keys() | sort != ['column', 'values']
        or deleted_when['values'] is string or deleted_when['values'] is not iterable
        or not deleted_when['values'] %}
        {{ return(['deleted_when: expected ' ~ form ~ ', got ' ~ deleted_when]) }}
    {% endif %}
    {% if deleted_when.column not in columns %}
        {{ return(["deleted_when names no column: '" ~ deleted_when.column ~ "'"]) }}
    {% endif %}
    {{ return([]) }}
{% endmacro %}


{#- Keys must stay apart, and a digest or *** is text. -#}
{% macro _faults_of_sensitive(contract, name, column) %}
    {% set faults = [] %}
    {% if column.sensitive is defined %}
        {% if column.sensitive not in ['hash', 'mask'] %}
            {% do faults.append(
                name ~ ': ' ~ _expected('sensitive', column.sensitive, ['hash', 'mask'])
            ) %}
        {% elif column.type != 'string' %}
            {% do faults.append(name ~ ': sensitive is for columns of the type string') %}
        {% elif name == contract.key and column.sensitive != 'hash' %}
            {% do faults.append(name ~ ': a sensitive key must be hash: masked keys are all alike') %}
        {% endif %}
    {% endif %}
    {{ return(faults) }}
{% endmacro %}


{#- Whether a type is decimal(p, s): p digits, from 1 to 38, s of them behind the point. -#}
{% macro _is_decimal(type) %}
    {% set parts = type[8:-1].split(',') %}
    {% set precision = parts[0] | int(-1) %}
    {% set scale = parts[-1] | int(-1) %}
    {{ return(
        parts | length == 2
        and type.replace(' ', '') == 'decimal(' ~ precision ~ ',' ~ scale ~ ')'
        and 0 <= scale and scale <= precision and 1 <= precision and precision <= 38
    ) }}
{% endmacro %}


{% macro _expected(what, found, known) -%}
    unknown {{ what }} '{{ found }}', expected one of {{ known | join(', ') }}
{%- endmacro %}
