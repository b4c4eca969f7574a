{{ project_target('events') }}
