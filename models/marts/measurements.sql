{{ project_target('measurements') }}
