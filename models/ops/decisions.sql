{% for entity in var('sources') -%}
select
    '{{ entity }}' as entity,
    decided.*
from {{ ref(entity ~ '_decisions') }} as decided
{{ 'union all' if not loop.last }}
{% endfor %}
