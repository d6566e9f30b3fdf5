from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from api.containers.container import Container
from commerce.memberships.store import memberships
from commerce.payments.sandbox import sandbox_charges
from tests.api.conftest import ANA, BEN, Headers, usd

KEY = {"Idempotency-Key": "join-gold-2026-03-01"}

pytestmark = pytest.mark.slow


def counted(container: Container) -> tuple[int, int]:
    """How many memberships there are, and how many charges."""
    with container.infrastructure.ledger.transaction() as tx:
        counts = [
            tx.scalar(select(func.count()).select_from(each)) for each in (memberships, sandbox_charges)
        ]
    return counts[0] or 0, counts[1] or 0


def test_tiers_are_told_to_anyone(client: TestClient, guest: Headers) -> None:
    tiers = client.get("/api/memberships/tiers", headers=guest).json()["data"]

    assert [(each["tier"], each["price"], each["discountPercent"]) for each in tiers] == [
        ("BRONZE", usd("47.00"), 10),
        ("SILVER", usd("97.00"), 20),
        ("GOLD", usd("197.00"), 30),
    ]


def test_joining_charges_once_and_shows(client: TestClient, container: Container, ana: Headers) -> None:
    answer = client.post("/api/memberships/subscribe", json={"tier": "GOLD"}, headers={**ana, **KEY})

    standing = client.get(f"/api/memberships/{ANA}", headers=ana).json()["data"]

    assert answer.status_code == 201
    assert answer.json()["data"]["price"] == usd("197.00")
    assert standing["isMember"] is True
    assert standing["membership"] == answer.json()["data"]
    assert counted(container) == (1, 1)


def test_same_key_and_body_gives_the_same_answer(
    client: TestClient, container: Container, ana: Headers
) -> None:
    first, second = (
        client.post("/api/memberships/subscribe", json={"tier": "GOLD"}, headers={**ana, **KEY})
        for _ in range(2)
    )

    assert second.content == first.content
    assert second.status_code == first.status_code
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert counted(container) == (1, 1)


def test_same_key_with_another_body_is_a_conflict(
    client: TestClient, container: Container, ana: Headers
) -> None:
    client.post("/api/memberships/subscribe", json={"tier": "GOLD"}, headers={**ana, **KEY})

    other = client.post("/api/memberships/subscribe", json={"tier": "SILVER"}, headers={**ana, **KEY})

    assert (other.status_code, other.json()["code"]) == (409, "CONFLICT")
    assert counted(container) == (1, 1)


def test_double_click_joins_once(client: TestClient, container: Container, ana: Headers) -> None:
    def click(number: int) -> int:
        key = {"Idempotency-Key": f"click-number-{number}"}
        answer = client.post("/api/memberships/subscribe", json={"tier": "GOLD"}, headers={**ana, **key})
        return answer.status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(click, range(4)))

    assert statuses == [201, 409, 409, 409]
    assert counted(container) == (1, 1)


@pytest.mark.parametrize("key", [None, "short", "with spaces inside"])
def test_money_needs_a_key(client: TestClient, container: Container, ana: Headers, key: str | None) -> None:
    headers = {**ana, "Idempotency-Key": key} if key else ana

    answer = client.post("/api/memberships/subscribe", json={"tier": "GOLD"}, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "Idempotency-Key"
    assert counted(container) == (0, 0)


def test_unverified_customer_is_refused(client: TestClient, container: Container, ben: Headers) -> None:
    answer = client.post("/api/memberships/subscribe", json={"tier": "GOLD"}, headers={**ben, **KEY})

    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert counted(container) == (0, 0)


def test_declined_card_is_said(client: TestClient, container: Container, ana: Headers) -> None:
    client.post("/api/payments/profiles", json={"nonce": "tok_decline"}, headers=ana)

    answer = client.post("/api/memberships/subscribe", json={"tier": "GOLD"}, headers={**ana, **KEY})

    assert (answer.status_code, answer.json()["code"]) == (402, "PAYMENT_DECLINED")
    assert "0002" in answer.json()["error"]
    assert counted(container)[0] == 0


def test_unknown_tier_says_what_would_be_right(client: TestClient, ana: Headers) -> None:
    answer = client.post("/api/memberships/subscribe", json={"tier": "PLATINUM"}, headers={**ana, **KEY})

    assert answer.status_code == 400
    [wrong] = answer.json()["details"]
    assert wrong["field"] == "tier"
    assert "'BRONZE', 'SILVER' or 'GOLD'" in wrong["message"]


def test_customer_cannot_be_named_in_the_body(client: TestClient, container: Container, ana: Headers) -> None:
    body = {"tier": "GOLD", "customerId": BEN}

    answer = client.post("/api/memberships/subscribe", json=body, headers={**ana, **KEY})

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "customerId"
    assert counted(container) == (0, 0)


def test_discount_is_exact_dollars(client: TestClient, ana: Headers) -> None:
    client.post("/api/memberships/subscribe", json={"tier": "GOLD"}, headers={**ana, **KEY})

    saving = client.get(f"/api/memberships/discount/{ANA}?subtotal=100.00", headers=ana).json()["data"]

    assert saving == {
        "hasDiscount": True,
        "discountPercent": 30,
        "discountAmount": usd("30.00"),
        "finalTotal": usd("70.00"),
        "tier": "GOLD",
    }


def test_no_membership_no_discount(client: TestClient, ana: Headers) -> None:
    saving = client.get(f"/api/memberships/discount/{ANA}?subtotal=19.99", headers=ana).json()["data"]

    assert (saving["hasDiscount"], saving["finalTotal"], saving["tier"]) == (False, usd("19.99"), None)


@pytest.mark.parametrize("subtotal", ["", "abc", "1.999", "-5", "1e3"])
def test_subtotal_that_is_no_amount_is_refused(client: TestClient, ana: Headers, subtotal: str) -> None:
    answer = client.get(f"/api/memberships/discount/{ANA}", params={"subtotal": subtotal}, headers=ana)

    assert answer.status_code == 400
    assert answer.json()["details"] == [
        {"field": "subtotal", "message": "expected dollars with at most two decimals, such as 47.00"}
    ]


def test_staff_cannot_buy_for_a_customer(client: TestClient, staff: Headers) -> None:
    answer = client.post("/api/memberships/subscribe", json={"tier": "GOLD"}, headers={**staff, **KEY})

    assert answer.status_code == 403


def test_a_membership_goes_up_down_out_and_back(
    client: TestClient, container: Container, ana: Headers
) -> None:
    client.post("/api/memberships/subscribe", json={"tier": "SILVER"}, headers={**ana, **KEY})
    mine = f"/api/memberships/{ANA}"

    up = client.put(f"{mine}/upgrade", json={"tier": "GOLD"}, headers={**ana, "Idempotency-Key": "up-up-up"})
    down = client.put(f"{mine}/downgrade", json={"tier": "BRONZE"}, headers=ana)
    kept = client.delete(f"{mine}/downgrade", headers=ana)
    out = client.put(f"{mine}/cancel", json={"reason": "moving away"}, headers=ana)
    back = client.put(f"{mine}/reactivate", headers={**ana, "Idempotency-Key": "back-again"})

    states = [(each["tier"], each["plannedTier"], each["status"]) for each in
              (answer.json()["data"] for answer in (up, down, kept, out, back))]  # fmt: skip
    assert states == [
        ("GOLD", None, "active"),
        ("GOLD", "BRONZE", "active"),
        ("GOLD", None, "active"),
        ("GOLD", None, "cancelled"),
        ("GOLD", None, "active"),
    ]
    assert out.json()["data"]["nextBillingDate"] is None
    assert counted(container) == (1, 2)


@pytest.mark.parametrize("change", ["upgrade", "downgrade", "cancel", "reactivate"])
def test_nobody_changes_the_membership_of_another(
    client: TestClient, ana: Headers, ben: Headers, staff: Headers, change: str
) -> None:
    client.post("/api/memberships/subscribe", json={"tier": "SILVER"}, headers={**ana, **KEY})
    body = {"tier": "GOLD"} if change.endswith("grade") else {}

    statuses = {
        client.put(
            f"/api/memberships/{ANA}/{change}", json=body, headers={**who, "Idempotency-Key": "of-another"}
        ).status_code
        for who in (ben, staff)
    }

    assert statuses == {403}
    assert client.get(f"/api/memberships/{ANA}", headers=ana).json()["data"]["membership"]["tier"] == "SILVER"


def test_upgrade_of_nothing_is_not_found(client: TestClient, ana: Headers) -> None:
    answer = client.put(f"/api/memberships/{ANA}/upgrade", json={"tier": "GOLD"}, headers={**ana, **KEY})

    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_benefits_of_a_paid_period_are_shown(client: TestClient, container: Container, ana: Headers) -> None:
    client.post("/api/memberships/subscribe", json={"tier": "GOLD"}, headers={**ana, **KEY})
    container.relay.deliver("benefits")

    brought = client.get(f"/api/memberships/{ANA}/benefits", headers=ana).json()["data"]

    assert {each["kind"] for each in brought} == {"raffle_entry", "gift_box"}


def test_promotions_are_announced_by_staff_and_seen_by_all(
    client: TestClient, ana: Headers, staff: Headers, guest: Headers
) -> None:
    wanted = {
        "title": "Spring edibles",
        "tiers": ["GOLD"],
        "startsAt": "2026-02-01T06:00:00Z",
        "endsAt": "2026-04-01T05:00:00Z",
        "off": usd("5.00"),
        "category": "edible",
    }

    refused = client.post("/api/memberships/promotions", json=wanted, headers=ana)
    both = client.post("/api/memberships/promotions", json={**wanted, "percent": 10}, headers=staff)
    made = client.post("/api/memberships/promotions", json=wanted, headers=staff)

    [shown] = client.get("/api/memberships/promotions", headers=guest).json()["data"]
    assert (refused.status_code, both.status_code, made.status_code) == (403, 400, 201)
    assert (shown["title"], shown["off"], shown["percent"]) == ("Spring edibles", usd("5.00"), None)
