from starlette.testclient import TestClient

from api.containers.container import Container
from commerce.fraud.models import Attempt
from foundation.auth import Role, StaffRole
from foundation.money import Money
from tests.api.conftest import STAFF, Headers, SignIn, usd

REVIEWS = "/api/fraud/reviews"


def test_compliance_sees_why_and_decides(client: TestClient, container: Container, sign_in: SignIn) -> None:
    compliance = sign_in(STAFF, role=Role.STAFF, staff_role=StaffRole.COMPLIANCE)
    _test_cards(container)

    shown = client.get(REVIEWS, headers=compliance).json()["data"]
    [last] = [each for each in shown if each["amount"] == usd("1.08")]
    decision = f"{REVIEWS}/{last['id']}/decision"
    decided = client.post(decision, json={"isFraud": True}, headers=compliance).json()["data"]
    turned = client.post(decision, json={"isFraud": False}, headers=compliance)
    left = client.get(REVIEWS, headers=compliance).json()["data"]

    assert "This device was used 9 times" in " ".join(last["reasons"])
    assert (decided["isFraud"], decided["decidedBy"]) == (True, STAFF)
    assert turned.status_code == 409
    assert len(left) == len(shown) - 1


def test_reviews_are_for_compliance_alone(client: TestClient, sign_in: SignIn, ana: Headers) -> None:
    support = sign_in(STAFF, role=Role.STAFF, staff_role=StaffRole.SUPPORT)
    manager = sign_in(STAFF, role=Role.STAFF, staff_role=StaffRole.MANAGER)

    answers = [client.get(REVIEWS, headers=each).status_code for each in (ana, support, manager)]

    assert answers == [403, 403, 403]


def test_unknown_review_is_not_found(client: TestClient, sign_in: SignIn) -> None:
    admin = sign_in("stf_ada", role=Role.ADMIN)

    answer = client.post(f"{REVIEWS}/rev_none/decision", json={"isFraud": True}, headers=admin)

    assert answer.status_code == 404


def _test_cards(container: Container) -> None:
    for number in range(9):
        attempt = Attempt(
            customer_id=f"cus_{number % 3}",
            amount=Money(100 + number),
            card_digest=f"c{number}",
            address_digest=None,
            device_digest="d1",
            ip_digest="i1",
            at=container.infrastructure.clock(),
            kind="order",
        )
        container.commerce.fraud.assess(attempt)
