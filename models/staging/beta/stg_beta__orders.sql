select
    {{ record_identity() }},
    {{ json_text('identifier') }} as order_id,
    -- some senders write the status itself where others write an object that holds it
    coalesce({{ json_value('payload.status') }}, {{ json_value('payload') }}) as status,
    {{ json_text('timestamp') }} as updated_at
from {{ source('raw', 'beta') }}
