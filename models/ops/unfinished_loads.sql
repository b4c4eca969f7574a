{{ unfinished_loads(none, everything=false) }}
