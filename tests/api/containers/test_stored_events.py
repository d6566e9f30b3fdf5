"""Rows of the outbox that were written before payloads had types are still read, topic by topic."""

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from api.containers.container import Container
from api.containers.subscribers import build_subscribers
from api.containers.warehouse_tables import TABLES
from foundation.outbox import AnySubscriber, document

STORED: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "outbox_rows.jsonl").read_text().splitlines()
]
"""Every topic, notice and set of fields that the tests of the shop brought forth."""


def name(stored: dict[str, Any]) -> str:
    return str(stored["payload"].get("template", stored["topic"]))


@pytest.mark.parametrize("stored", STORED, ids=name)
def test_stored_row_is_read_by_every_subscriber_of_its_topic(
    container: Container, stored: dict[str, Any]
) -> None:
    topic, payload = stored["topic"], stored["payload"]
    subscribers = [
        each
        for each in build_subscribers(container.infrastructure, container.commerce, container.memory)
        if topic in each.subscription.topics
    ]

    assert subscribers
    for subscriber in subscribers:
        assert_alike(subscriber.decode(topic, payload), payload)


def assert_alike(read: object, payload: dict[str, Any]) -> None:
    """Whatever the type has of the row is the row's."""
    if is_dataclass(read):
        again = document(read)  # type: ignore[arg-type]
        known = {field.name for field in fields(read)}
        assert {key: value for key, value in payload.items() if key in known} == {
            key: again[key] for key in payload.keys() & known
        }
    else:
        assert read == payload


@pytest.mark.parametrize("stored", [each for each in STORED if each["topic"] in TABLES], ids=name)
def test_stored_row_fits_its_table(stored: dict[str, Any]) -> None:
    assert TABLES[stored["topic"]].fault(stored["payload"]) is None


def test_each_topic_of_a_subscription_has_a_stored_row(container: Container) -> None:
    subscribers: list[AnySubscriber] = build_subscribers(
        container.infrastructure, container.commerce, container.memory
    )

    wanted = {topic for each in subscribers for topic in each.subscription.topics}

    assert wanted == {stored["topic"] for stored in STORED}
