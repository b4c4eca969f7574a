"""One run, from what is new to its receipt; and following a stream."""
