{{ project_target('orders') }}
