"""The header Link: each shape that RFC 8288 allows is read, and what cannot be read is an error."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.pull.http.links import LinkValue, UnreadableLink, links_of, next_link

PAGE = httpx.URL("https://api.example/records?plant=north&page=1")

READ: dict[str, tuple[str, ...]] = {
    "none": (),
    "empty": ("",),
    "blank": ("  \t ",),
    "commas only": (" , ,",),
    "another relation": ('<u?page=9>; rel="last"',),
    "no relation": ("<u?page=2>",),
    "the relation in its name": ('<u?page=2>; title="rel=next"',),
    "a longer relation": ("<u?page=2>; rel=next-archive",),
    "a second rel, which does not count": ('<u?page=1>; rel="prev"; rel="next"',),
    "rev": ('<u?page=2>; rev="next"',),
    "about another page": ('<u?page=2>; rel="next"; anchor="/other"',),
    "about a part of the page": ('<u?page=2>; rel="next"; anchor="#comments"',),
}
FOUND: dict[str, tuple[str, tuple[str, ...]]] = {
    "quoted": ("u?page=2", ('<u?page=2>; rel="next"',)),
    "bare": ("u?page=2", ("<u?page=2>; rel=next",)),
    "a title with an equals sign": ("u?page=2", ('<u?page=2>; title="page=2"; rel="next"',)),
    "a title with a semicolon": ("u?page=2", ('<u?page=2>; title="a; b"; rel="next"',)),
    "a title with a comma": ("u?page=2", ('<u?page=2>; title="a, <b>"; rel="next"',)),
    "a title with quotation marks": ("u?page=2", (r'<u?page=2>; title="\"a\\"; rel="next"',)),
    "an empty title": ("u?page=2", ('<u?page=2>; title=""; rel="next"',)),
    "no value": ("u?page=2", ("<u?page=2>; crossorigin; rel=next",)),
    "no value behind an equals sign": ("u?page=2", ("<u?page=2>; title=; rel=next",)),
    "an extended value": ("u?page=2", ("<u?page=2>; title*=UTF-8'en'%e2%82%ac; rel=next",)),
    "upper case": ("u?page=2", ('<u?page=2>; REL="NEXT"',)),
    "semicolons in the address": ("u;v=1?a=1;b=2", ('<u;v=1?a=1;b=2>; rel="next"',)),
    "commas in the address": ("u?ids=1,2", ('<u?ids=1,2>; rel="next"',)),
    "several relations": ("u?page=2", ('<u?page=2>; rel="last\tprefetch  next"',)),
    "a relation that is an address": ("u", ('<u>; rel="https://x.example/#r next"',)),
    "a bare relation that is an address": ("u", ("<v>; rel=http://x.example/r, <u>; rel=next",)),
    "several links": ("u?page=2", ('<u?page=1>; rel="first", <u?page=2>; rel="next"',)),
    "several headers": ("u?page=2", ('<u?page=1>; rel="first"', '<u?page=2>; rel="next"')),
    "no space": ("u?page=2", ("<u?page=1>;rel=prev,<u?page=2>;rel=next",)),
    "much space": ("u?page=2", (' \t<u?page=2> ;\trel = "next" , ',)),
    "empty elements": ("u?page=2", (",, <u?page=2>; rel=next, ,",)),
    "an idle semicolon": ("u?page=2", ("<u?page=2>;; rel=next;",)),
    "relative to the root": ("/r?page=2", ('</r?page=2>; rel="next"',)),
    "relative to the host": ("//api.example/r", ('<//api.example/r>; rel="next"',)),
    "a query alone": ("?page=2", ('<?page=2>; rel="next"',)),
    "itself": ("", ('<>; rel="next"',)),
    "space around the address": ("u?page=2", ('< u?page=2 >; rel="next"',)),
    "named twice alike": ("?page=2", ("<?page=2>; rel=next, </records?page=2>; rel=next",)),
    "about the page": ("u", ('<u>; rel="next"; anchor=""',)),
    "about the page by its address": (
        "u",
        ('<u>; rel="next"; anchor="https://api.example/records?page=1&plant=north"',),
    ),
    "beside one about another page": ("u", ('<v>; rel=next; anchor="/other", <u>; rel=next',)),
}
UNREADABLE: dict[str, str] = {
    "no brackets": 'u?page=2; rel="next"',
    "not closed": '<u?page=2; rel="next"',
    "no address": '; rel="next"',
    "two brackets": '<<u?page=2>>; rel="next"',
    "a quotation mark left open": '<u?page=2>; rel="next',
    "an escape at the end": '<u?page=2>; rel="next\\"',
    "a quotation mark inside": '<u?page=2>; title=a"b"; rel=next',
    "words behind a quotation": '<u?page=2>; title="a" b; rel="next"',
    "words behind the address": '<u?page=2> rel="next"',
    "no comma between two": '<u?page=1>; rel="first" <u?page=2>; rel="next"',
    "no comma between two bare": "<u?page=1>; rel=first <u?page=2>; rel=next",
    "a value without a name": '<u?page=2>; "next"',
    "words alone": "next",
    "a comment behind a comma": '<u?page=1>; rel="first", and so on',
    "two next pages": "<u?page=2>; rel=next, <u?page=3>; rel=next",
    "an anchor that is none": '<u?page=2>; rel=next; anchor="http://[::1"',
}


@pytest.mark.parametrize("headers", READ.values(), ids=READ)
def test_a_header_may_name_no_next_page(headers: tuple[str, ...]) -> None:
    assert next_link(headers, PAGE) is None


@pytest.mark.parametrize(("address", "headers"), FOUND.values(), ids=FOUND)
def test_the_next_page_is_found_in_every_shape(address: str, headers: tuple[str, ...]) -> None:
    assert next_link(headers, PAGE) == address


@pytest.mark.parametrize("header", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_an_error(header: str) -> None:
    with pytest.raises(UnreadableLink):
        next_link([header], PAGE)


_TOKENS = st.text("abcdefghijklmnopqrstuvwxyz*-", min_size=1, max_size=6)
_VALUES = st.text(st.characters(min_codepoint=9, max_codepoint=0xFF), max_size=8)
_LINKS = st.builds(
    LinkValue,
    st.text(
        st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="<>"), max_size=9
    ),
    st.dictionaries(_TOKENS, _VALUES, max_size=4),
)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@given(
    st.lists(_LINKS, max_size=4),
    st.sampled_from([",", " ,\t", ", ,"]),
    st.sampled_from([";", " ; "]),
)
def test_links_come_back_as_they_were_written(
    links: list[LinkValue], comma: str, semicolon: str
) -> None:
    header = comma.join(
        semicolon.join(
            [
                f"<{link.target}>",
                *(f"{name}={_quoted(value)}" for name, value in link.parameters.items()),
            ]
        )
        for link in links
    )

    assert list(links_of(header)) == links


@given(st.text(st.sampled_from('<>;,="\\ \tnextrela1?/#:[%\xff'), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing is passed over: what is read accounts for every address in the text."""
    try:
        found = list(links_of(text))
        next_link([text], PAGE)
    except UnreadableLink:
        return
    assert sum(len(link.target) + 2 for link in found) <= len(text)
    assert bool(found) == bool(text.strip(" \t,"))
