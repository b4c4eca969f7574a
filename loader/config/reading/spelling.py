"""Tells which word somebody meant."""

from collections.abc import Iterable


def meant(written: object, known: Iterable[str]) -> str | None:
    """The known word that a written one is like, None where it is like none."""
    # imported where a word is not known
    from difflib import get_close_matches

    word = str(written).strip().lower().replace("-", "_").replace(" ", "_")
    return next(iter(get_close_matches(word, known, n=1, cutoff=0.7)), None)
