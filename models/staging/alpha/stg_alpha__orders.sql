select
    {{ record_identity() }},
    {{ json_text('uid') }} as order_id,
    -- some senders write the status itself where others write an object that holds it
    coalesce({{ json_value('data.status') }}, {{ json_value('data') }}) as status,
    {{ json_text('timestamp') }} as updated_at
from {{ source('raw', 'alpha') }}
