select
    {{ record_identity() }},
    {{ json_text('key') }} as key,
    {{ json_text('name') }} as name,
    {{ json_text('value') }} as value,
    {{ json_text('ts') }} as ts
from {{ source('raw', 'app') }}
