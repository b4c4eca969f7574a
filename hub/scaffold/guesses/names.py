"""Names: of columns for fields, and how alike two of them are."""

import re
import unicodedata
from collections.abc import Container
from difflib import SequenceMatcher
from functools import cache

import duckdb

from hub.scaffold.derived.columns import ACCEPTED, CHECKED, HISTORY, LINEAGE, RECONCILED, UNIONED

_LONGEST = 50
# names of columns that stand beside those of a contract, somewhere in its chain
_TAKEN = frozenset({*CHECKED, *LINEAGE, *HISTORY, *UNIONED, *ACCEPTED, *RECONCILED}) | {
    *("decided_at", "run_clock", "reconciled_at", "status_by_source"),
}
_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}
    | {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "đ": "d", "ł": "l"}
)
# Words for one thing. The first of each stands for the others.
_SAME = {
    word: group.split()[0]
    for group in (
        "id key uid uuid guid ref reference identifier ident no nr num number code nummer pk",
        "time timestamp ts datetime date at on am when zeit zeitpunkt datum zeitstempel day stamp",
        "value amount betrag wert sum total menge quantity qty val reading messwert",
        "name title label bezeichnung titel nom nombre",
        "type kind category class art kategorie typ group",
        "status state stage zustand condition estado statut",
        "user customer client visitor kunde member account person buyer cust",
        "url link page href uri path seite website",
        "product item sku article artikel produkt",
        "updated modified changed update geaendert geandert aktualisiert lastmodified",
        "created inserted added erstellt angelegt opened",
        "event action activity ereignis",
        "order bestellung auftrag purchase",
        "email mail emailaddress",
        "phone telephone tel telefon mobile",
        "price preis cost unitprice",
        "description desc text comment note beschreibung bemerkung notes comments",
        "city town stadt ort",
        "country land nation",
    )
    for word in group.split()
}
# words that are written as one, as in Bestellnummer
_COMPOUND = re.compile(
    r"([a-z]{3})(nummer|nr|number|datum|zeit|preis|betrag|menge|name|status|code)(?![a-z])"
)


def column_name(path: tuple[str, ...], used: Container[str], place: int) -> str:
    """A name for the column of a field: words in lower case, joined by _.

    used:  the names of other columns.
    place: the number of the field, for a name of which no letter is Latin.
    """
    words = "_".join(filter(None, map(snake, path))) or f"field_{place}"
    if words[0].isdigit():
        words = f"field_{words}"
    words = words[:_LONGEST].rstrip("_")
    if words in _TAKEN or words in reserved_words():
        words = f"given_{words}"
    name, number = words, 2
    while name in used:
        name, number = f"{words}_{number}", number + 1
    return name


def snake(text: str) -> str:
    """A name in lower case, of letters a to z, digits and _."""
    composed = unicodedata.normalize("NFC", text).translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", composed)
    plain = plain.encode("ascii", "ignore").decode()
    parted = re.sub(r"([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])", r"\1\3_\2\4", plain)
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")


@cache
def reserved_words() -> frozenset[str]:
    """The words of SQL that cannot name a column or a table without quotes."""
    with duckdb.connect() as connection:
        found = connection.execute(
            "select keyword_name from duckdb_keywords() "
            "where keyword_category in ('reserved', 'type_function')"
        ).fetchall()
    # and those that other engines reserve
    return frozenset(word for (word,) in found) | {"user", "current_date", "current_user"}


def words_of(text: str) -> tuple[str, ...]:
    """The words of a name, each by the one that stands for its like."""
    parted = _COMPOUND.sub(r"\1_\2", snake(text))
    return tuple(_SAME.get(word, word) for word in parted.split("_") if word)


def singular(entity: str) -> str:
    """One of an entity, as in `a refund` of refunds."""
    if entity.endswith("ies") and len(entity) > 4:
        return f"{entity[:-3]}y"
    if entity.endswith(("sses", "xes", "ches", "shes")):
        return entity[:-2]
    return entity[:-1] if entity.endswith("s") and not entity.endswith("ss") else entity


def is_key_like(name: str, entity: str) -> int:
    """How much a name speaks for the key of an entity: from 0 to 4."""
    own = snake(name)
    one = singular(entity)
    words = words_of(name)
    if own in ("id", "key", f"{one}_id", f"{entity}_id", f"{one}_key", "uuid", "uid", "guid"):
        return 4
    if not words:
        return 0
    if words == ("id",) or (words[-1] == "id" and one in own):
        return 4 if len(words) == 1 else 3
    return 2 if words[-1] == "id" or re.search("(?:nummer|kennung|code)$", own) else 0


def likeness(path: tuple[str, ...], column: str, entity: str) -> tuple[float, str]:
    """How alike a field's name and a column's are, from 0 to 10, and in words why."""
    full, last, wanted = snake("_".join(path)), snake(path[-1]), snake(column)
    if wanted in (full, last):
        return (10.0 if wanted == full else 9.0), "the same name"
    prefix = singular(entity)
    ours = [word for word in words_of(column) if word not in words_of(prefix)] or ["id"]
    theirs = [word for word in words_of(path[-1]) if word not in words_of(prefix)] or ["id"]
    if words_of(column) == words_of(path[-1]):
        return 7.0, f"'{path[-1]}' is another word for it"
    if ours == theirs:
        return 6.0, f"'{path[-1]}' is another word for it"
    shared = set(ours) & set(theirs)
    if shared and (ours[-1] in shared or theirs[-1] in shared):
        share = len(shared) / max(len(ours), len(theirs))
        if share >= 0.5:
            return 3.0 + 2 * share, f"'{path[-1]}' has the word '{sorted(shared)[0]}' in common"
    ratio = SequenceMatcher(None, last, wanted).ratio()
    if ratio >= 0.8 and min(len(last), len(wanted)) > 3:
        return 5.0, f"'{path[-1]}' is written like it"
    return 0.0, ""
