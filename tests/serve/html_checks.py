"""What every page must be: well-formed, labelled for a screen reader, and free of scripts and of
styles that its Content-Security-Policy forbids."""

from html.parser import HTMLParser

_VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
# of SVG, closed by themselves
_CLOSED = {"rect", "path"}
_LABELLED = {"input", "select", "textarea"}


class Page(HTMLParser):
    """A parsed page.

    faults: what is wrong with it.   links: the addresses that it leads to, in order.
    text:   what it says.            fields: name -> value of its hidden inputs.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.links: list[str] = []
        self.fields: dict[str, str] = {}
        self.text = ""
        self._open: list[str] = []
        self._ids: list[str] = []
        self._labels: set[str] = set()
        self._needed: list[str] = []
        self._headings: list[int] = []
        self._counts: dict[str, int] = {}
        self.feed(text)
        self.close()
        self._check()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._counts[tag] = self._counts.get(tag, 0) + 1
        self.faults += [
            f"<{tag} {name}>" for name in given if name == "style" or name.startswith("on")
        ]
        if tag in ("script", "style", "iframe", "object"):
            self.faults.append(f"<{tag}>")
        if "id" in given:
            self._ids.append(given["id"])
        self._look_at(tag, given)
        if tag not in _VOID | _CLOSED:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID | _CLOSED:
            self.faults.append(f"<{tag}/>")
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.text += data

    def _look_at(self, tag: str, given: dict[str, str]) -> None:
        match tag:
            case "a":
                self.links.append(given.get("href", ""))
            case "label":
                self._labels.add(given.get("for", ""))
            case "th" if "scope" not in given:
                self.faults.append("<th> without a scope")
            case "html" if not given.get("lang"):
                self.faults.append("<html> without a lang")
            case "svg" if "aria-hidden" not in given and "aria-labelledby" not in given:
                self.faults.append("<svg> without a text")
            case "h1" | "h2" | "h3":
                self._headings.append(int(tag[1]))
            case "nav" if not {"aria-label", "aria-labelledby"} & set(given):
                self.faults.append("<nav> without a name")
            case _:
                pass
        if tag in _LABELLED:
            if given.get("type") == "hidden":
                self.fields[given["name"]] = given.get("value", "")
            elif "label" not in self._open:
                self._needed.append(given.get("id", "no id"))
        self._needed += [f"#{name}" for name in given.get("aria-labelledby", "").split()]

    def _check(self) -> None:
        if self._open:
            self.faults.append(f"not closed: {self._open}")
        self.faults += [f"id {name} twice" for name in self._ids if self._ids.count(name) > 1]
        known = self._labels | {f"#{name}" for name in self._ids}
        self.faults += [f"no label: {name}" for name in self._needed if name not in known]
        for tag in ("main", "h1", "title"):
            # an SVG may have titles, too
            if self._counts.get(tag, 0) != 1 and not (tag == "title" and self._counts.get(tag)):
                self.faults.append(f"{self._counts.get(tag, 0)} <{tag}>")
        if self._counts.get("table", 0) != self._counts.get("caption", 0):
            self.faults.append("a <table> without a caption")
        steps = zip(self._headings, self._headings[1:], strict=False)
        self.faults += [f"h{a} before h{b}" for a, b in steps if b > a + 1]
