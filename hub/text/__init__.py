"""Results of the commands as text for people, a file for each kind of result."""
