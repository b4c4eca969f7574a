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

    text: a SQL expression of many records, on a line each.
    """
    return _any_of(_SIGNS, text)


def _any_of(patterns: tuple[str, ...], text: str) -> str:
    return " or ".join(f"regexp_matches({text}, '{pattern}')" for pattern in patterns)


def with_json_problems(records: str) -> str:
    """A query that adds to each record the reason why it is no JSON object: `json_problem`, NULL
    where it is one.

    records: a query with the columns record and may_be_lenient, false where nothing in the record
             is lenient. A record may be NULL, and then has no problem.
    """
    # Each expression stands here once: the statement is planned anew for each batch, and the
    # patterns are most of that. A CASE is evaluated in order, and no further than needed.
    outside_strings = f"regexp_replace(record, '{_STRING}', '', 'gs')"
    # a backslash that is escaped itself escapes nothing; outside a string x is no JSON
    whole_characters = (
        rf"regexp_replace(replace(record, '\\', 'x'), '{_HALF_A_CHARACTER}', 'x', 'g')"
    )
    return f"""
    select
        *,
        case
            when is_json and is_object and not has_lenience then null
            when record is null then null
            when has_lenience then '{MALFORMED}'
            when is_json then 'not_an_object'
            when json_valid({whole_characters}) then 'lone_surrogate'
            else '{MALFORMED}'
        end as json_problem
    from (
        select
            *,
            case
                when is_json and is_object and not may_be_lenient then false
                when is_json and is_object and not ({_any_of(_LENIENCES, "record")}) then false
                else regexp_matches({outside_strings}, '{_ANY_LENIENCE}')
            end as has_lenience
        from (
            select
                *,
                json_valid(record) as is_json,
                case
                    when record like '{{%' then true
                    else ltrim(record, ' \t\r\n') like '{{%'
                end as is_object
            from ({records})
        )
    )"""
