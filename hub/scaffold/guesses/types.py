"""The type of the contract that a field's values speak for, if they speak for one."""

import re
from collections import Counter
from dataclasses import replace

from hub.scaffold.guesses.names import snake, words_of
from hub.scaffold.guesses.readings import Habits, Reading, as_number, as_time, read_as
from hub.scaffold.samples import numbers
from hub.scaffold.samples.fields import SampleField

# From so many values on, what all of them have in common is taken for a rule.
ENOUGH_VALUES = 20
_OF_TIMES = re.compile(
    r"(?:^|_)(?:time|ts|at|date|when|stamp|timestamp|epoch|datum|zeit|day|created|updated|modified|"
    r"expires|start|end|begin|since|until|seen|login)(?:$|_)"
)
_OF_FLAGS = re.compile(
    r"^(?:is|has|can|was|did|should|ist|hat)_|(?:^|_)(?:active|enabled|flag|deleted|paid|valid|"
    r"verified|visible|confirmed|aktiv|archived|subscribed|in_stock|opt_in|member|done|closed)$"
)
# of a decimal that has 38 digits in all
_MOST_DECIMALS = 18
# digits that are not computed with
_OF_CODES = re.compile(
    r"(?:^|_)(?:zip|zipcode|postcode|postal|plz|phone|tel|telephone|telefon|mobile|fax|iban|isbn|ean|"
    r"gtin|upc|barcode|ssn|vat|sku|code|account|konto|serial|version|ip|pin|hash|blz|bic)(?:$|_)"
)
_OF_MONEY = re.compile(
    r"(?:^|_)(?:amount|price|total|subtotal|cost|fee|tax|vat|balance|salary|payment|refund|discount|"
    r"revenue|net|gross|betrag|preis|summe|kosten|brutto|netto|umsatz|gebuehr|saldo)(?:$|_)"
)
_OF_COUNTS = re.compile(
    r"(?:^|_)(?:count|qty|quantity|anzahl|menge|stock|pieces|items|age|alter|year|jahr|rank|"
    r"position|views|clicks|visits|seats|floor|level)(?:$|_)"
)


def type_of(field: SampleField, habits: Habits) -> Reading:
    """The field as the type that its values speak for; a string where they speak for none."""
    if field.is_structure:
        return Reading("json", is_value=True, evidence="objects or arrays")
    if not field.filled:
        return Reading("string", evidence=f"empty in all {field.records} records")
    name = snake(field.path[-1])
    kinds = {kind for kind, count in field.kinds.items() if count and kind != "null"}
    boolean = read_as(field, "boolean", habits)
    if kinds == {"boolean"} or (boolean and not boolean.misfits and _is_flag(field, name)):
        return boolean or Reading("boolean", evidence="true or false")
    time = as_time(field, habits)
    if time and _is_time(time, field, name):
        if not time.doubt:
            return time
        return Reading("string", evidence="text", doubt=f"it looks like times, but {time.doubt}")
    number = as_number(field, habits)
    if number is None:
        return Reading("string", evidence="text")
    if any(map(numbers.has_leading_zero, field.texts)):
        zeros = next(filter(numbers.has_leading_zero, field.texts))
        return Reading("string", evidence=f"digits, but '{zeros}' would lose its zeros as a number")
    if _is_code(field, name):
        return Reading("string", evidence="digits that are not computed with, by its name")
    if number.doubt:
        return Reading(
            "string", evidence="text", doubt=f"it looks like numbers, but {number.doubt}"
        )
    return _precise(number, field, name)


def is_amount(field: SampleField) -> bool:
    """Whether a field, by its name or its decimals, says how much or how many."""
    name = snake(field.path[-1])
    return bool(
        _OF_MONEY.search(name)
        or _OF_COUNTS.search(name)
        or not all(map(numbers.is_whole, field.texts))
    )


def _is_flag(field: SampleField, name: str) -> bool:
    """Whether words such as yes and 0 are meant as true and false."""
    words = {text.lower() for text in field.texts}
    if words <= {"0", "1"} or len(words) == 1:
        return bool(words & {"true", "false"} or _OF_FLAGS.search(name))
    return True


def _is_time(time: Reading, field: SampleField, name: str) -> bool:
    """Whether values that could be times are: digits alone are only by their name."""
    is_digits = any(
        macro == "epoch_as_text" or "%Y%m%d" in arguments for macro, arguments in time.calls
    )
    if not is_digits:
        return True
    return bool(_OF_TIMES.search(name)) and words_of(field.path[-1])[-1:] != ("id",)


def _is_code(field: SampleField, name: str) -> bool:
    if all(text.isdigit() for text in field.texts) and not all(map(numbers.is_whole, field.texts)):
        return True
    words = words_of(field.path[-1])
    return words[-1:] == ("id",) or bool(_OF_CODES.search(name))


def _precise(number: Reading, field: SampleField, name: str) -> Reading:
    """The type for a field's numbers: integer, decimal(p, s) or number."""
    misfits = number.misfits or Counter[str]()
    texts = [_plain(text, number) for text in field.texts if text not in misfits]
    count = field.filled - number.misfit
    is_enough = count >= ENOUGH_VALUES
    wholes = all(map(numbers.is_whole, texts))
    is_long = any(map(numbers.is_long, filter(numbers.is_number, texts)))
    most = max(map(numbers.decimals_of, texts), default=0)
    if is_long and most <= _MOST_DECIMALS:
        kind = "integer" if wholes else f"decimal(38, {_MOST_DECIMALS})"
        return replace(number, type=kind, evidence="more digits than a double keeps")
    if _OF_MONEY.search(name) and most <= 4 and is_enough:
        return replace(
            number,
            type="decimal(18, 4)",
            evidence=f"{number.evidence}, money by its name, with {most} decimals at most",
        )
    if wholes and not number.calls and (is_enough or _OF_COUNTS.search(name)):
        why = f"whole numbers in all {count} values"
        return replace(number, type="integer", evidence=why)
    return number


def _plain(text: str, reading: Reading) -> str:
    """A number as the contract reads it."""
    for macro, arguments in reading.calls:
        if macro == "local_number":
            decimal = arguments[len("decimal='")]
            kept = "".join(sign for sign in text if sign.isdigit() or sign in f"+-{decimal}")
            text = kept.replace(decimal, ".")
    return text
