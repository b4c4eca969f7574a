select
    {{ record_identity() }},
    {{ json_text('event_id') }} as event_id,
    {{ json_text('event_timestamp') }} as event_timestamp,
    {{ json_text('event_type') }} as event_type,
    {{ json_text('user_id') }} as user_id,
    {{ json_text('page_url') }} as page_url,
    {{ json_text('product_id') }} as product_id
from {{ source('raw', 'web') }}
