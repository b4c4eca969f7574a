"""alerts.yml is checked like all settings: where, what, what to do."""

import pytest

from hub.alerts.rules import AnyRule, kind_of, read_rules, webhook_url
from loader.errors import WrongUse

KINDS = {kind_of(rule) for rule in AnyRule.__args__}


def test_every_kind_of_rule_is_shipped(project):
    shipped = read_rules(project)
    assert {kind_of(rule) for rule in shipped.values()} == KINDS


def test_without_the_file_nothing_is_watched(project):
    (project.root / "alerts.yml").unlink()
    assert read_rules(project) == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rules: {q: {when: quality_under}}", "rules: q: threshold: it is missing"),
        ("rules: {q: {when: quality_under, threshold: 2}}", "expected a number, found 2"),
        (
            "rules: {q: {when: quality_under, threshold: 0.9, source: [app]}}",
            "rules: q: unknown key 'source'. Did you mean 'sources'?",
        ),
        (
            "rules: {q: {when: quality_under, threshold: 0.9, sources: [ap]}}",
            "rules: q: sources: 'ap' is not registered. Did you mean app?",
        ),
        (
            "rules: {l: {when: letters_growing, threshold: 1, entities: [event]}}",
            "rules: l: entities: 'event' is not registered. Did you mean events?",
        ),
        ("rules: {q: {when: qality_under, threshold: 1}}", "Did you mean quality_under?"),
        ("rules: {q: {threshold: 1}}", "rules: q: when: unknown value nothing"),
        (
            "rules: {r: {when: run_failed, severity: fatal}}",
            "rules: r: severity: unknown value 'fatal'. Expected one of info, warning, critical",
        ),
        ("rules: {f: {when: freshness_over, threshold: 1.5}}", "expected a whole number"),
        ("rules: {a b: {when: run_failed}}", "rules: 'a b' is no name of a rule"),
        ("rule: {}", "unknown key 'rule'. Did you mean 'rules'?"),
        ("rules: [a]", "rules: expected a mapping"),
        ("rules: {a: 1", "this is no valid YAML"),
    ],
)
def test_a_fault_is_told_with_its_place_and_its_remedy(project, text, told):
    (project.root / "alerts.yml").write_text(text)
    with pytest.raises(WrongUse) as error:
        read_rules(project)
    assert str(error.value).startswith("alerts.yml")
    assert told in str(error.value)


@pytest.mark.parametrize(
    "address",
    ["hooks.example.com/s3cret", "ftp://h/s3cret", "https:///s3cret", "http://h:x/s3cret"],
)
def test_a_wrong_address_of_the_webhook_is_an_error_that_does_not_show_it(monkeypatch, address):
    monkeypatch.setenv("WEBHOOK_URL", address)
    with pytest.raises(WrongUse, match="WEBHOOK_URL") as error:
        webhook_url()
    assert "s3cret" not in str(error.value)


def test_an_empty_address_is_none(monkeypatch):
    monkeypatch.setenv("WEBHOOK_URL", " ")
    assert webhook_url() is None
