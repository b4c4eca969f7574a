"""Types of single settings that say by themselves what may stand there."""

import re
from datetime import date
from typing import Annotated, Any, ClassVar, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta

from loader.config.reading import Refused

Name = Annotated[str, Meta(pattern=r"\S")]
Count = Annotated[int, Meta(ge=1)]
Amount = Annotated[float, Meta(ge=0, lt=1e12)]
Positive = Annotated[float, Meta(gt=0, lt=1e12)]
Seconds = Annotated[int, Meta(gt=0, lt=10**12)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Share = Annotated[float, Meta(ge=0, le=1)]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# more than a hundred years are as good as for ever
_DAYS = re.compile(r"([1-9][0-9]{0,4}) days?")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OBJECTS = re.compile(
    r"(?:(?:s3a?|gs|az|azure|adl)://[A-Za-z0-9._-]+"
    r"|abfss?://[A-Za-z0-9._-]+(?:@[A-Za-z0-9.-]+)?)(?:/[^?#\s]*)?"
)
_HOST = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?")


class Text(str):
    """A text that is not empty; a number or a date counts as what is written."""

    remedy: ClassVar[str] = "Write it."

    @classmethod
    def parse(cls, written: Any) -> Self:
        if isinstance(written, str) and written:
            return cls(written)
        if isinstance(written, int | float | date) and not isinstance(written, bool):
            return cls(written)
        found = repr(written) if isinstance(written, bool | str) else "something else"
        raise Refused(f"expected a text, found {found}", cls.remedy)


class Days(int):
    """A span of whole days, one at least, as `90 days`."""

    remedy: ClassVar[str] = "Write it as 90 days."

    @classmethod
    def parse(cls, written: Any) -> Self:
        found = _DAYS.fullmatch(written) if isinstance(written, str) else None
        if not found:
            raise Refused(f"expected a number of days, found {written!r}", cls.remedy)
        return cls(found[1])


class KeyPath(tuple[str, ...]):
    """The keys that lead to a value inside a JSON object: as `data.items`, or as a list where a key
    has a dot of its own."""

    remedy: ClassVar[str] = "Write them as data.items."

    @classmethod
    def parse(cls, written: Any) -> Self:
        keys = written.split(".") if isinstance(written, str) else written
        if not isinstance(keys, list) or not all(isinstance(key, str) and key for key in keys):
            raise Refused(f"expected the keys to a value, found {written!r}", cls.remedy)
        return cls(keys)


class Hosts(tuple[str, ...]):
    """Names of hosts, each with a port where it is not the usual one."""

    remedy: ClassVar[str] = "Write [cdn.example.com]."

    @classmethod
    def parse(cls, written: Any) -> Self:
        if not isinstance(written, list) or not all(
            isinstance(host, str) and _HOST.fullmatch(host) for host in written
        ):
            # it is not shown: an address could hold a password
            raise Refused("expected a list of hosts, found something else", cls.remedy)
        return cls(host.lower() for host in written)


class Url(str):
    """The address of an API; may name variables of the environment, as ${NAME}."""

    remedy: ClassVar[str] = "Write https://host/path, or ${NAME} for a variable that holds it."

    @classmethod
    def parse(cls, written: Any) -> Self:
        if isinstance(written, str) and written.startswith(("http://", "https://", "${")):
            return cls(written)
        # it is not shown: it could hold a password
        raise Refused("it does not begin with http:// or https://", cls.remedy)


class ObjectPath(str):
    """A place in a bucket, below which are a source's files."""

    remedy: ClassVar[str] = (
        "Write s3://bucket/prefix/, gs://bucket/prefix/ or az://container/prefix/; credentials "
        "belong in the environment."
    )

    @classmethod
    def parse(cls, written: Any) -> Self:
        if isinstance(written, str) and _OBJECTS.fullmatch(written):
            return cls(written)
        # it is not shown: it could hold a password
        raise Refused("it is no place in a bucket", cls.remedy)


class VariableName(str):
    """The name of the variable of the environment that holds a secret."""

    remedy: ClassVar[str] = (
        "Name the variable that holds the secret, such as PARTNER_TOKEN; never write the secret "
        "itself."
    )

    @classmethod
    def parse(cls, written: Any) -> Self:
        if isinstance(written, str) and _VARIABLE.fullmatch(written):
            return cls(written)
        # it is not shown: it may be the secret itself
        raise Refused("it is no name of a variable of the environment", cls.remedy)


class HeaderName(str):
    """The name of an HTTP header."""

    remedy: ClassVar[str] = "Write Authorization."

    @classmethod
    def parse(cls, written: Any) -> Self:
        if isinstance(written, str) and _HEADER.fullmatch(written):
            return cls(written)
        # it is not shown: somebody may have written the header's value
        raise Refused("it is no name of a header", cls.remedy)


class NullTexts(tuple[str, ...]):
    """Texts that mean nothing, such as NULL; at least one."""

    remedy: ClassVar[str] = 'Write them in quotes, as ["NULL", "-999"].'

    @classmethod
    def parse(cls, written: Any) -> Self:
        if not isinstance(written, list) or not written:
            raise Refused(f"expected a list of texts, found {written!r}", cls.remedy)
        for text in written:
            # without quotes, YAML makes of NULL and of 1.50 something else than what is written
            if not isinstance(text, str):
                raise Refused(f"expected a text, found {text!r}", cls.remedy)
            if len(text.splitlines()) > 1 or text != text.strip():
                raise Refused(
                    f"{text!r} has white space around it or more than one line",
                    "Write it without: white space around what a record says does not count.",
                )
        return cls(written)


class TimeZone(str):
    """A time zone by its name in the IANA database."""

    remedy: ClassVar[str] = "Use a name such as UTC or Europe/Berlin."

    @classmethod
    def parse(cls, written: Any) -> Self:
        try:
            ZoneInfo(written)
        except (ZoneInfoNotFoundError, ValueError, OSError, TypeError, AttributeError) as error:
            raise Refused(f"no time zone {written!r}", cls.remedy) from error
        return cls(written)
