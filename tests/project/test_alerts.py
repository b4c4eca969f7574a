"""Every rule that is shipped has its entry in the runbook, and every entry its rule."""

import re

import pytest
import yaml

from tests.support.shipped import PROJECT

pytestmark = pytest.mark.check


def entries() -> dict[str, str]:
    """The entries of the runbook: name of the rule -> text."""
    text = (PROJECT / "docs" / "operations.md").read_text()
    section = text.split("\n## Alerts\n")[1].split("\n## ")[0]
    parts = re.split(r"^### (.+)\n", section, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_rules_and_entries_of_the_runbook_are_the_same():
    shipped = yaml.safe_load((PROJECT / "alerts.yml").read_text())["rules"]
    assert list(entries()) == list(shipped)


@pytest.mark.parametrize("rule", entries())
def test_an_entry_says_what_it_means_what_to_look_at_and_what_to_do(rule):
    text = entries()[rule]
    places = [text.index(f"**{word}**") for word in ("Means", "Look at", "Do")]
    assert places == sorted(places)
    looking = text[places[1] : places[2]]
    assert re.search(r"^```(sh|sql)\n", looking, re.MULTILINE), "what to look at is executed"
