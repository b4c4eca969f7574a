"""The entities and sources of the tests: what their contracts and adapters say."""

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
    """What records of one kind look like. Without an event time, arrival is their order."""

    key: str
    event_time: str | None
    columns: dict[str, Column]


@dataclass(frozen=True)
class Source:
    """Where records come from: `fields` says under which name each column stands in them."""

    entity: str
    fields: dict[str, str]


@dataclass(frozen=True)
class Policy:
    """The settings of a source: what becomes of late rows (allowed lateness in seconds), and the
    zone of times without an offset."""

    late: str = "apply"
    allowed_lateness: int = 0
    zone: str = "UTC"


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
    ),
}


def _under_its_own_name(entity: str) -> dict[str, str]:
    return {name: name for name in ENTITIES[entity].columns}


# In the order in which the hub lands them. Those of ADDED are not shipped: tests register them.
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
