"""SQL for what keeps a text from being the JSON that RFC 8259 describes.

DuckDB's `json_valid` also takes a comma after the last member, NaN and Infinity, and refuses a
text that escapes half a character, which is JSON by its grammar. So both are looked at here.
"""

MALFORMED = "malformed_json"

_SPACE = r"[ \t\r\n]*"
_NO_NUMBER = rf"-?(?i:nan|inf(?:inity)?){_SPACE}"
# Each begins with one character or a few, which the engine finds much faster than one of many. The
# first two take a third of the time of the others, and find more.
_SIGNS = (rf",{_SPACE}[\]}}]", "[nN](?:[aA][nN]|[fF])")
_LENIENCES = (
    rf",{_SPACE}(?:[\]}}]|{_NO_NUMBER}[,\]}}])",
    rf":{_SPACE}{_NO_NUMBER}[,\]}}]",
    rf"\[{_SPACE}{_NO_NUMBER}[,\]]",
)
_ANY_LENIENCE = rf"(?i:nan|inf)|,{_SPACE}[\]}}]"
_STRING = r'"(?:[^"\\]|\\.)*"'
_HALF_A_CHARACTER = r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"


def may_be_lenient(text: str) -> str:
    """A SQL condition: the text may hold what only a lenient reader takes for JSON. It may be no
    more than a part of a string; but where the condition is false, nothing is lenient.

    text: a SQL expression of one record, or of many on a line each.
    """
    # a CASE is evaluated in order, and no further than needed
    return f"case when {_any_of(_SIGNS, text)} then {_any_of(_LENIENCES, text)} else false end"


def _any_of(patterns: tuple[str, ...], text: str) -> str:
    return " or ".join(f"regexp_matches({text}, '{pattern}')" for pattern in patterns)


def json_problem(record: str, is_suspect: str) -> str:
    """A SQL expression: why a text is no JSON object; NULL where it is one.

    record:     a SQL expression of the text.
    is_suspect: a SQL condition, false where nothing in the text is lenient.
    """
    outside_strings = f"regexp_replace({record}, '{_STRING}', '', 'gs')"
    is_lenient = f"regexp_matches({outside_strings}, '{_ANY_LENIENCE}')"
    # a backslash that is escaped itself escapes nothing; outside a string x is no JSON
    whole_characters = (
        rf"regexp_replace(replace({record}, '\\', 'x'), '{_HALF_A_CHARACTER}', 'x', 'g')"
    )
    return f"""
    case
        when not json_valid({record}) then
            case
                when json_valid({whole_characters}) and not {is_lenient} then 'lone_surrogate'
                else '{MALFORMED}'
            end
        when case when {is_suspect} then
            case when {may_be_lenient(record)} then {is_lenient} else false end
        else false end then '{MALFORMED}'
        when {record} not like '{{%' and ltrim({record}, ' \t\r\n') not like '{{%' then
            case when {is_lenient} then '{MALFORMED}' else 'not_an_object' end
    end"""
