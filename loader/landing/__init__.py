"""Files of the landing folder become rows of raw.<source>, verbatim."""
