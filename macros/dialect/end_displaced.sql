{#
    A statement, or some, that give the states without an end one, or take them out where they stand
    on.

    ended:  the relation of the states that ended.
    judged: a relation of those without an end: key_hash, is_same (it stands on), next_applied_at.
#}
{% macro end_displaced(ended, judged) %}
    {{- return(adapter.dispatch('end_displaced')(ended, judged)) -}}
{% endmacro %}


{#- An update or a merge would write every block again that holds one of the rows. -#}
{% macro duckdb__end_displaced(ended, judged) -%}
create or replace temporary table ended_now as
select ended.* replace (coalesce(judged.next_applied_at, {{ utc_now() }}) as ended_at)
from {{ ended }} as ended
inner join {{ judged }} as judged
    on judged.key_hash = ended.key_hash
where ended.ended_at is null
    and not judged.is_same;
delete from {{ ended }} where ended_at is null;
insert into {{ ended }} by name select * from ended_now;
drop table ended_now
{%- endmacro %}


{% macro spark__end_displaced(ended, judged) -%}
merge into {{ ended }} as ended
using {{ judged }} as judged
on judged.key_hash = ended.key_hash
    and ended.ended_at is null
when matched and judged.is_same then delete
when matched then update set ended_at = coalesce(judged.next_applied_at, {{ utc_now() }})
{%- endmacro %}
