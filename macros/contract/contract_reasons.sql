{#
    Every reason for which a contract rejects a record, in the order of reports. The typed check,
    ops.contract_rules and the tests all read this list.

    entity: the entity's name.

    Returns a list of
      name      the reason: missing_<column>, invalid_<column>, future_timestamp, or a rule's name
      column    the column that is wrong, none for a rule
      meaning   what is wrong, in words
      fails     a SQL condition over the columns (typed) and staged_<column> (the source's text)
      always    whether it also rejects where validation is off: a record without key or event time
                has no place in the order
#}
{% macro contract_reasons(entity) %}
    {% set contract = contract(entity) %}
    {% set reasons = [] %}
    {% for name, column in contract.columns.items() %}
        {% if name == contract.event_time %}
            {% do reasons.extend(_event_time_reasons(contract, name)) %}
        {% else %}
            {% do reasons.extend(_column_reasons(contract, name, column)) %}
        {% endif %}
    {% endfor %}
    {% for name, condition in contract.rules.items() %}
        {% do reasons.append({
            'name': name, 'column': none, 'always': false,
            'meaning': 'does not hold: ' ~ condition,
            'fails': '(' ~ condition ~ ') is not true',
        }) %}
    {% endfor %}
    {{ return(reasons) }}
{% endmacro %}


{% macro _event_time_reasons(contract, name) %}
    {% set blank = is_blank('staged_' ~ name) %}
    {{ return([
        {
            'name': 'missing_timestamp', 'column': name, 'always': true, 'fails': blank,
            'meaning': name ~ ' is null or blank',
        },
        {
            'name': 'invalid_timestamp', 'column': name, 'always': true,
            'fails': name ~ ' is null and not (' ~ blank ~ ')',
            'meaning': name ~ ' is no timestamp',
        },
        {
            'name': 'future_timestamp', 'column': name, 'always': false,
            'fails': name ~ " > run_clock + interval '" ~ contract.skew_hours ~ "' hour",
            'meaning': name ~ ' lies more than ' ~ contract.skew_hours ~ ' hours in the future',
        },
    ]) }}
{% endmacro %}


{% macro _column_reasons(contract, name, column) %}
    {% set blank = is_blank('staged_' ~ name) %}
    {% set reasons = [] %}
    {% set is_measure = is_number(column.type) and column.type != 'integer' %}
    {% if column.required and not is_measure %}
        {% do reasons.append({
            'name': 'missing_' ~ name, 'column': name, 'always': name == contract.key,
            'meaning': name ~ ' is null or blank',
            'fails': blank if column.type != 'json'
                else is_blank(name),
        }) %}
    {% endif %}

    {% set holds = [] %}
    {% set wanted = [] %}
    {% if column.type not in ['string', 'json'] %}
        {% do holds.append(name ~ ' is not null') %}
        {% do wanted.append({
            'number': 'a finite number', 'integer': 'a whole number', 'boolean': 'true or false',
            'timestamp': 'a timestamp',
        }.get(column.type, 'a number that ' ~ column.type ~ ' holds exactly')) %}
    {% endif %}
    {% if column.allowed %}
        {% set values = [] %}
        {% for value in column.allowed %}
            {% do values.append(sql_text(value) if value is string else value) %}
        {% endfor %}
        {% do holds.append(name ~ ' in (' ~ values | join(', ') ~ ')') %}
        {% do wanted.append('one of ' ~ column.allowed | join(', ')) %}
    {% endif %}
    {% if column.min is defined %}
        {% do holds.append(name ~ ' >= ' ~ column.min) %}
        {% do wanted.append('at least ' ~ column.min) %}
    {% endif %}
    {% if column.max is defined %}
        {% do holds.append(name ~ ' <= ' ~ column.max) %}
        {% do wanted.append('at most ' ~ column.max) %}
    {% endif %}
    {% if column.pattern %}
        {% do holds.append(matches(name, column.pattern)) %}
        {% do wanted.append('text that matches ' ~ column.pattern) %}
    {% endif %}
    {% if holds %}
        {% set wrong = '(' ~ holds | join(' and ') ~ ') is not true' %}
        {#- a required number that is missing is an invalid number, nothing else -#}
        {% set only_if_given = not (is_measure and column.required) %}
        {% do reasons.append({
            'name': 'invalid_' ~ name, 'column': name, 'always': false,
            'meaning': name ~ ' is not ' ~ wanted | join(', '),
            'fails': 'not (' ~ blank ~ ') and ' ~ wrong if only_if_given else wrong,
        }) %}
    {% endif %}
    {{ return(reasons) }}
{% endmacro %}
