{{ project_target('clicks') }}
