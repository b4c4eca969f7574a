"""The entities and sources of the tests: what their contracts and adapters say."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Column:
    """A column of an entity.

    kind:      text, number, time or json.
    folded:    trimmed and in lower case.
    compared:  whether sources are compared by it; numbers may differ by the tolerance.
    """

    kind: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    folded: bool = False
    compared: bool = False
    tolerance: Decimal = Decimal(0)


@dataclass(frozen=True)
class Entity:
    """What records of one kind look like. Without an event time, arrival is their order.

    deleted_when: a column, and what it holds where the record takes the row of its key away.
    prefer:       sources, the most trusted first, where the newest record does not win.
    """

    key: str
    event_time: str | None
    columns: dict[str, Column]
    deleted_when: tuple[str, tuple[str, ...]] | None = None
    prefer: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """Where records come from: `fields` says under which name each column stands in them, and
    `lowered` which columns the adapter turns into lower case."""

    entity: str
    fields: dict[str, str]
    lowered: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Policy:
    """The settings of a source: what becomes of late rows (allowed lateness in seconds), the zone
    of times without an offset, the texts that mean nothing, and whether each file is the source's
    whole state."""

    late: str = "apply"
    allowed_lateness: int = 0
    zone: str = "UTC"
    nulls: tuple[str, ...] = ()
    delivery: str = "incremental"


ENTITIES = {
    "events": Entity(
        "key",
        "ts",
        {
            "key": Column("text", required=True),
            "name": Column("text", required=True),
            "value": Column("number", required=True),
            "ts": Column("time", required=True),
        },
    ),
    "orders": Entity(
        "order_id",
        None,
        {
            "order_id": Column("text", required=True),
            "status": Column("json", required=True, compared=True),
            "updated_at": Column("time"),
        },
    ),
    "clicks": Entity(
        "event_id",
        "event_timestamp",
        {
            "event_id": Column("text", required=True),
            "event_timestamp": Column("time", required=True),
            "event_type": Column(
                "text",
                required=True,
                allowed=("page_view", "add_to_cart", "purchase", "search"),
            ),
            "user_id": Column("text", required=True),
            "page_url": Column("text"),
            "product_id": Column("text"),
        },
    ),
    "measurements": Entity(
        "id",
        None,
        {
            "id": Column("text", required=True),
            "value": Column("number", required=True, compared=True, tolerance=Decimal("0.01")),
            "category": Column("text", required=True, folded=True, compared=True),
            "timestamp": Column("time"),
        },
        deleted_when=("category", ("withdrawn",)),
    ),
}


def _under_its_own_name(entity: str) -> dict[str, str]:
    return {name: name for name in ENTITIES[entity].columns}


# In the order in which they are registered, and the hub lands them. Those of ADDED are not shipped:
# tests register them.
SOURCES = {
    "app": Source("events", _under_its_own_name("events")),
    "mobile": Source("events", _under_its_own_name("events")),
    "alpha": Source("orders", {"order_id": "uid", "status": "data", "updated_at": "timestamp"}),
    "beta": Source(
        "orders", {"order_id": "identifier", "status": "payload", "updated_at": "timestamp"}
    ),
    "gamma": Source("orders", {"order_id": "ref", "status": "content", "updated_at": "timestamp"}),
    "web": Source("clicks", _under_its_own_name("clicks")),
    "shop": Source("clicks", _under_its_own_name("clicks")),
    "plant": Source("measurements", _under_its_own_name("measurements")),
    "partner": Source("measurements", _under_its_own_name("measurements")),
}
ADDED = ("mobile", "gamma", "shop")


def sources_of(entity: str, among: Iterable[str] = SOURCES) -> list[str]:
    """The sources of an entity, in the order in which they are registered."""
    return [name for name in SOURCES if name in set(among) and SOURCES[name].entity == entity]
