"""How a field can be read as a type of the contract: the macro that its texts need, and how many of
them it fits."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from hub.scaffold.samples import numbers, times
from hub.scaffold.samples.fields import SampleField
from hub.scaffold.samples.looks import is_blank, stripped
from hub.scaffold.written.literals import jinja_text

_YES = ("true", "t", "yes", "y", "ja", "j", "oui", "si", "sí", "sim", "on", "1", "wahr")
_NO = ("false", "f", "no", "n", "nein", "non", "off", "0", "falsch")
_COUNTERPARTS = {
    **{"true": "false", "t": "f", "yes": "no", "y": "n", "ja": "nein", "j": "n", "oui": "non"},
    **{"si": "no", "sí": "no", "on": "off", "1": "0", "wahr": "falsch"},
}
# Texts that programs write where there is no value. The second ones may also be codes.
_NOTHING = ("NULL", "null", "Null", "(null)", "<null>", "\\N", "N/A", "n/a", "#N/A", "NaN", "nan")
_NOTHING_OR_A_CODE = ("None", "none", "nil", "NA", "na", "-", "--", "—", "?", "undefined")
_LARGEST_SHARE_OF_NOTHING = 0.8
# So many of a field's values may be garbage, and it still has a type.
_GARBAGE = 0.2
# A word that stands there more often is meant.
_MOST_OF_A_SLIP = 2


@dataclass(frozen=True)
class Habits:
    """How a file writes what could be read in two ways; None where nothing in it tells.

    day_first: whether 03/04/2025 is in April.
    decimal:   the sign before decimals.
    """

    day_first: bool | None = None
    decimal: str | None = None


@dataclass(frozen=True)
class Reading:
    """A field read as a type.

    calls:    the macros around its text, the innermost first: name, and arguments behind the text.
    is_value: whether the JSON is kept, by json_value, instead of the text.
    misfits:  texts that it does not fit, and how often they stand there.
    evidence: what speaks for it, in words.
    doubt:    why it may be wrong, in words; empty where nothing speaks against it.
    """

    type: str
    calls: tuple[tuple[str, str], ...] = ()
    is_value: bool = False
    misfits: Counter[str] | None = None
    evidence: str = ""
    doubt: str = ""

    @property
    def misfit(self) -> int:
        """How many values it does not fit."""
        return sum((self.misfits or {}).values())


def nothing_words(fields: Iterable[SampleField]) -> tuple[str, ...]:
    """The texts in a file that stand for no value, as `nulls` of its source lists them."""
    found: list[str] = []
    fields = list(fields)
    for field in fields:
        if field.is_structure or not field.kinds.get("string"):
            continue
        candidates = [word for word in (*_NOTHING, *_NOTHING_OR_A_CODE) if word in field.texts]
        if not candidates or sum(field.texts[word] for word in candidates) > (
            _LARGEST_SHARE_OF_NOTHING * field.filled
        ):
            continue
        rest = [text for text in field.texts if text not in candidates]
        is_typed = bool(rest) and (
            all(map(numbers.is_number, rest))
            or all(map(times.is_iso, rest))
            or any(len(fits) == len(rest) for fits in times.forms_of(rest).values())
            or bool(numbers.signs_that_fit(rest))
        )
        found += [word for word in candidates if word in _NOTHING or is_typed]
    codes = {
        word
        for field in fields
        for word in _NOTHING_OR_A_CODE
        if word in field.texts and _holds_codes(field, word)
    }
    return tuple(word for word in dict.fromkeys(found) if word not in codes)


def _holds_codes(field: SampleField, word: str) -> bool:
    """Whether a word may be one of many codes as long as itself, such as NA for Namibia."""
    others = [text for text in field.texts if text != word]
    return word.isalpha() and bool(others) and all(len(text) == len(word) for text in others)


def habits_of(fields: Iterable[SampleField], delimiter: str | None = None) -> Habits:
    """What the fields of a file tell of its habits.   delimiter: between its fields, in CSV."""
    days: Counter[bool] = Counter()
    decimals: Counter[str] = Counter()
    for field in fields:
        if field.is_structure or not field.kinds.get("string"):
            continue
        texts = list(field.texts)
        for form, fits in times.forms_of(texts).items():
            twin = times.twin_of(form)
            if twin and any(not times.fits_form(text, twin) for text in fits):
                days[times.is_day_first(form)] += 1
        for signs in numbers.signs_that_fit(texts) if texts else ():
            if any(
                numbers.is_telling(text, signs) and not numbers.is_whole(text) for text in texts
            ):
                decimals[signs.decimal] += 1
    # a semicolon separates where the comma is taken, for decimals
    if delimiter == ";" and not decimals:
        decimals[","] += 1
    return Habits(
        next(iter(days)) if len(days) == 1 else None,
        next(iter(decimals)) if len(decimals) == 1 else None,
    )


def read_as(
    field: SampleField, kind: str, habits: Habits, *, most_misfits: float = _GARBAGE
) -> Reading | None:
    """The field as a type of a contract, None where no form fits its values.

    kind: string, number, integer, decimal(p, s), boolean, timestamp or json.
    most_misfits: the share of its values that may be wrong.
    """
    if kind == "json":
        return Reading(kind, is_value=True, evidence="kept as JSON")
    if field.is_structure:
        return None
    if kind == "string":
        return Reading(kind, evidence="text")
    if not field.filled:
        return Reading(kind, evidence="empty in all records")
    if kind == "boolean":
        return _boolean(field, most_misfits)
    if kind == "timestamp":
        return as_time(field, habits, most_misfits)
    return as_number(field, habits, kind, most_misfits)


def as_time(field: SampleField, habits: Habits, most_misfits: float = _GARBAGE) -> Reading | None:
    """The field as a time; None where it is none."""
    left = {text for text in field.texts if not times.is_iso(text)}
    iso = ["year-month-day"] if len(left) < len(field.texts) else []
    if not left:
        return Reading("timestamp", evidence="times as year-month-day")
    calls: list[tuple[str, str]] = []
    said = iso
    doubt = ""
    forms = times.forms_of(left)
    # two at most: each of them repeats the text of the one inside it
    while left and len(calls) < 2:
        unit = times.epoch_unit(text for text in left if text.replace(".", "", 1).isdigit())
        if unit:
            calls.append(("epoch_as_text", jinja_text(unit)))
            said = [*said, f"{unit} since 1970"]
            left = {text for text in left if not text.replace(".", "", 1).isdigit()}
            continue
        form = _form_for(forms, left, habits)
        if form is None:
            break
        twin = times.twin_of(form)
        if twin and len(forms.get(twin, frozenset()) & left) == len(forms[form] & left):
            if habits.day_first is None:
                doubt = "nothing tells whether the day or the month stands first"
        elif twin and any(text in forms.get(twin, ()) for text in left - forms[form]):
            return None  # both orders in one field
        calls.append(("local_timestamp", jinja_text(form)))
        said = [*said, form]
        left = left - forms[form]
    misfits = Counter({text: field.texts[text] for text in left})
    if not (calls or iso) or not _is_garbage(misfits, field, most_misfits):
        return None
    return Reading(
        "timestamp",
        tuple(calls),
        misfits=misfits,
        evidence=f"times as {', '.join(said)}",
        doubt=doubt,
    )


def _form_for(forms: dict[str, frozenset[str]], left: set[str], habits: Habits) -> str | None:
    """The form that fits most of the texts that are left."""
    fitting = {form: len(fits & left) for form, fits in forms.items() if fits & left}
    if not fitting:
        return None
    wanted = habits.day_first is not False
    return max(
        fitting, key=lambda form: (fitting[form], times.is_day_first(form) is wanted, -len(form))
    )


def as_number(
    field: SampleField, habits: Habits, kind: str = "number", most_misfits: float = _GARBAGE
) -> Reading | None:
    """The field as a number; None where it is none.   kind: number, integer or decimal(p, s)."""
    fits = numbers.is_whole if kind == "integer" else numbers.is_number
    local = [text for text in field.texts if not fits(text)]
    grouped = habits.decimal == "," and not field.kinds.get("number")
    if not local and not (grouped and any("." in text for text in field.texts)):
        return Reading(kind, evidence="numbers")
    signs, doubt = (None, "") if field.kinds.get("number") else _signs_for(field, habits)
    if signs is not None and kind != "integer":
        misfits = Counter({t: n for t, n in field.texts.items() if not signs.fits(t)})
        if _is_garbage(misfits, field, most_misfits):
            arguments = (
                f"decimal={jinja_text(signs.decimal)}, thousands={jinja_text(signs.thousands)}"
            )
            return Reading(
                kind,
                (("local_number", arguments),),
                misfits=misfits,
                evidence=f"numbers as 1{signs.thousands}234{signs.decimal}5",
                doubt=doubt,
            )
    misfits = Counter({text: field.texts[text] for text in local})
    return (
        Reading(kind, misfits=misfits, evidence="numbers")
        if _is_garbage(misfits, field, most_misfits)
        else None
    )


def _signs_for(field: SampleField, habits: Habits) -> tuple[numbers.Signs | None, str]:
    """The signs of a field's numbers, and what is doubtful of them."""
    numeric = [text for text in field.texts if any(signs.fits(text) for signs in numbers.LOCAL)]
    if habits.decimal != "," and all(map(numbers.is_number, numeric)):
        return None, ""
    fitting = numbers.signs_that_fit(numeric)
    if not fitting:
        return None, ""
    if habits.decimal:
        fitting = [signs for signs in fitting if signs.decimal == habits.decimal] or fitting
    decimals = {signs.decimal for signs in fitting}
    doubt = ""
    if len(decimals) > 1:
        # 1,234 and nothing else: thousands as in English are the more usual
        fitting = [signs for signs in fitting if signs.decimal == "."] or fitting
        doubt = f"nothing tells whether '{numeric[0]}' has decimals or thousands"
    return fitting[0], doubt


def _boolean(field: SampleField, most_misfits: float) -> Reading | None:
    lowered = Counter[str]()
    for text, count in field.texts.items():
        lowered[text.lower()] += count
    if set(lowered) <= {"true", "false"}:
        return Reading("boolean", evidence="true or false")
    misfits = Counter({text: n for text, n in lowered.items() if text not in (*_YES, *_NO)})
    if not _is_garbage(misfits, field, most_misfits):
        return None
    yes = [word for word in _YES if word in lowered]
    no = [word for word in _NO if word in lowered]
    yes += [word for word, other in _COUNTERPARTS.items() if other in no and not yes][:1]
    no += [_COUNTERPARTS[word] for word in yes if word in _COUNTERPARTS]
    arguments = (
        f"yes=[{', '.join(map(jinja_text, yes))}], "
        f"no=[{', '.join(map(jinja_text, dict.fromkeys(no)))}]"
    )
    return Reading(
        "boolean",
        (("local_boolean", arguments),),
        misfits=misfits,
        evidence=f"only {', '.join(sorted(field.texts)[:4])}",
    )


def _is_garbage(misfits: Counter[str], field: SampleField, most_misfits: float) -> bool:
    """Whether values that do not fit are so few, and so unlike the others, that they are wrong
    rather than of another kind. A code such as A14 among numbers says that they are codes, too."""
    if not misfits:
        return True
    if misfits.total() > most_misfits * field.filled:
        return False
    if most_misfits > _GARBAGE:
        return True
    if max(misfits.values()) > _MOST_OF_A_SLIP:
        return False
    return not any(
        any(sign.isdigit() for sign in text) and any(sign.isalpha() for sign in text)
        for text in misfits
    )


def has_white_space_around(field: SampleField) -> int:
    """How many values have white space around them."""
    return sum(
        value != stripped(value)
        for value in field.values
        if value is not None and not is_blank(value)
    )
