select
    {{ record_identity() }},
    {{ json_text('id') }} as id,
    {{ json_text('value') }} as value,
    {{ json_text('category') }} as category,
    {{ json_text('timestamp') }} as timestamp
from {{ source('raw', 'plant') }}
