{#
    The digest of a contract's rules, as text: of all that decides what a record says and whether it
    keeps the contract. Who wins a key, how fresh a row is and how sources are compared is no part
    of it.

    contract: as contract() returns it.
#}
{% macro contract_hash(contract) %}
    {% set rules = {} %}
    {% for word in ['version', 'key', 'event_time', 'skew_hours', 'deleted_when', 'rules'] %}
        {% do rules.update({word: contract.get(word)}) %}
    {% endfor %}
    {% set columns = {} %}
    {% for name, column in contract.columns.items() %}
        {% set words = dict(column) %}
        {% do words.pop('reconcile', none) %}
        {% do columns.update({name: words}) %}
    {% endfor %}
    {% do rules.update({'columns': columns}) %}
    {{ return(local_md5(tojson(rules))) }}
{% endmacro %}
