from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import ClassVar, Literal

import pytest

from foundation.outbox.payloads import Decoder, MalformedPayload, document

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Tier(StrEnum):
    GOLD = "GOLD"


@dataclass(frozen=True)
class Line:
    name: str
    cents: int


@dataclass(frozen=True, kw_only=True)
class Ordered:
    topic: ClassVar[str] = "orders"
    id: str
    tier: Tier | None = None
    at: datetime
    day: date
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Welcome:
    topic: ClassVar[str] = "notices"
    template: Literal["welcome"] = "welcome"
    name: str


@dataclass(frozen=True, kw_only=True)
class Goodbye:
    topic: ClassVar[str] = "notices"
    template: Literal["goodbye"] = "goodbye"
    at: datetime


ORDERED = Ordered(id="ord_1", tier=Tier.GOLD, at=NOON, day=date(2026, 3, 1), lines=(Line("Gummies", 2800),))
DECODE = Decoder(Ordered, Welcome, Goodbye, discriminator="template")


def test_payload_is_json_with_moments_in_iso_format() -> None:
    assert document(ORDERED) == {
        "id": "ord_1",
        "tier": "GOLD",
        "at": "2026-03-01T12:00:00+00:00",
        "day": "2026-03-01",
        "lines": [{"name": "Gummies", "cents": 2800}],
    }


@pytest.mark.parametrize("payload", [ORDERED, Welcome(name="Ana"), Goodbye(at=NOON)])
def test_payload_is_read_back_as_it_was(payload: Ordered | Welcome | Goodbye) -> None:
    assert DECODE(payload.topic, document(payload)) == payload


def test_field_that_a_later_version_added_is_ignored_and_one_it_lacks_has_its_default() -> None:
    read = DECODE("orders", {"id": "ord_1", "at": NOON.isoformat(), "day": "2026-03-01", "colour": "red"})

    assert read == Ordered(id="ord_1", at=NOON, day=date(2026, 3, 1))


def test_unknown_topic_is_named() -> None:
    with pytest.raises(MalformedPayload, match=r"^No payload type is registered for the topic weather\.$"):
        DECODE("weather", {})


def test_fault_names_the_field_and_never_its_value() -> None:
    with pytest.raises(MalformedPayload) as refused:
        DECODE("orders", {"id": "ord_1", "at": "ana@example.com", "day": "2026-03-01"})

    assert str(refused.value).startswith("The payload does not fit its topic orders: at: ")
    assert "example" not in str(refused.value)


def test_unknown_kind_of_a_topic_is_refused() -> None:
    with pytest.raises(MalformedPayload, match="No type is registered for this 'template'"):
        DECODE("notices", {"template": "none"})
