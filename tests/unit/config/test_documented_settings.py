"""Every setting of a transport stands in its page of the documentation."""

from collections.abc import Iterator
from typing import Any

import pytest

from loader.config.http import HttpSettings
from loader.config.kafka import KafkaSettings
from loader.config.reading.convert import alternatives, declared, is_struct
from tests.support.shipped import PROJECT


def names_of(struct: Any) -> Iterator[str]:
    """The names of all settings of a struct and of those inside it, and the tags of variants."""
    for name, field in declared(struct).items():
        yield name
        for kind, _ in alternatives(field.type):
            if is_struct(kind):
                if kind.__struct_config__.tag:
                    yield str(kind.__struct_config__.tag)
                yield from names_of(kind)


@pytest.mark.parametrize(("settings", "page"), [(HttpSettings, "http"), (KafkaSettings, "streams")])
def test_every_setting_is_documented(settings: Any, page: str) -> None:
    text = (PROJECT / "docs" / f"{page}.md").read_text()

    missing = {
        name for name in names_of(settings) if f"`{name}`" not in text and f"{name}: " not in text
    }

    assert not missing
