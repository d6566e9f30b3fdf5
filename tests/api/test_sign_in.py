from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.containers.container import Container
from foundation.auth import Role
from foundation.idempotency import KEYS
from foundation.outbox import OUTBOX
from tests.api.conftest import ANA, Headers, SignIn
from tests.fakes import FakeClock

DANA = {"name": "Dana D'Arc", "email": "dana@example.com", "phone": "512 555 0100", "state": "Texas"}
PASSWORD = "a long enough secret"  # noqa: S105 - of a test
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}

ReadCode = Callable[[], str]

pytestmark = pytest.mark.slow


@pytest.fixture
def read_code(container: Container) -> ReadCode:
    """The code of the latest notice."""

    def read() -> str:
        wanted = select(OUTBOX).where(OUTBOX.c.topic == "notices", OUTBOX.c.payload.has_key("sealed_code"))
        with container.infrastructure.ledger.transaction() as tx:
            latest = tx.execute(wanted.order_by(OUTBOX.c.at.desc())).first()
        assert latest is not None
        sealed = latest.payload["sealed_code"]
        return container.infrastructure.keys.data.open(latest.customer_id, sealed, context="notices.code")

    return read


@pytest.fixture
def dana(client: TestClient, clock: FakeClock, read_code: ReadCode) -> Headers:
    """Registered and signed in; a second later."""
    client.post("/api/auth/register", json=DANA)
    credentials = {"email": DANA["email"], "code": read_code()}
    signed_in = client.post("/api/auth/sign-in", json=credentials, headers=FIREFOX).json()["data"]
    clock.advance(timedelta(seconds=1))
    return {"Authorization": f"Bearer {signed_in['token']}", **FIREFOX}


def test_registered_customer_is_in_and_known_by_name(client: TestClient, dana: Headers) -> None:
    me = client.get("/api/auth/me", headers=dana).json()["data"]
    profile = client.get("/api/customers/me", headers=dana).json()["data"]

    assert (me["role"], me["name"]) == ("customer", "Dana D'Arc")
    assert (profile["phone"], profile["state"]) == ("+15125550100", "TX")
    assert profile["emailVerifiedAt"] == "2026-03-01T12:00:00.000Z"
    assert profile["phoneVerifiedAt"] is None


def test_answer_tells_no_stranger_who_has_an_account(client: TestClient) -> None:
    paths = ("/api/auth/register", "/api/auth/code")
    known, unknown = {**DANA, "email": "ana@example.com"}, {**DANA, "email": "nobody@example.com"}

    for path, fields in zip(paths, (DANA.keys(), ["email"]), strict=True):
        answers = [
            client.post(path, json={field: form[field] for field in fields}) for form in (known, unknown)
        ]
        assert [each.status_code for each in answers] == [202, 202]
        assert answers[0].json()["data"] == answers[1].json()["data"]
    wrong = [
        client.post("/api/auth/sign-in", json={"email": form["email"], "password": "wrong"}).json()
        for form in (known, unknown)
    ]
    assert wrong[0]["error"] == wrong[1]["error"]


def test_guest_keeps_the_conversation_after_signing_in(client: TestClient, read_code: ReadCode) -> None:
    token = client.post("/api/auth/guest").json()["data"]["token"]
    guest = {"Authorization": f"Bearer {token}"}
    said = client.post("/api/chat", json={"message": "what do you have for sleep?"}, headers=guest)
    thread = said.json()["data"]["threadId"]
    consent = {"purpose": "terms", "granted": True, "wording": "2026-03"}
    client.post("/api/customers/me/consents", json=consent, headers=guest)

    client.post("/api/auth/register", json=DANA, headers=guest)
    credentials = {"email": DANA["email"], "code": read_code()}
    signed_in = client.post("/api/auth/sign-in", json=credentials, headers=guest).json()["data"]

    dana = {"Authorization": f"Bearer {signed_in['token']}"}
    path = f"/api/chat/threads/{thread}"
    assert len(client.get(path, headers=dana).json()["data"]["messages"]) == 2
    assert client.get(path, headers=guest).status_code == 404
    assert client.get("/api/customers/me/consents", headers=dana).json()["data"][0]["purpose"] == "terms"
    on = client.post("/api/chat", json={"message": "and for focus?", "threadId": thread}, headers=dana)
    assert on.status_code == 200


def test_token_of_a_sign_in_is_kept_nowhere(
    client: TestClient, container: Container, read_code: ReadCode, guest: Headers
) -> None:
    client.post("/api/auth/register", json=DANA)
    keyed = {**guest, "Idempotency-Key": "once-and-only"}

    answer = client.post(
        "/api/auth/sign-in", json={"email": DANA["email"], "code": read_code()}, headers=keyed
    )

    assert answer.status_code == 200
    with container.infrastructure.ledger.transaction() as tx:
        assert tx.execute(select(KEYS)).all() == []


def test_sessions_are_listed_and_ended(client: TestClient, dana: Headers, read_code: ReadCode) -> None:
    client.post("/api/auth/code", json={"email": DANA["email"]})
    other = client.post("/api/auth/sign-in", json={"email": DANA["email"], "code": read_code()}).json()[
        "data"
    ]
    phone = {"Authorization": f"Bearer {other['token']}"}

    listed = client.get("/api/auth/sessions", headers=dana).json()["data"]
    ended = client.delete(f"/api/auth/sessions/{other['sessionId']}", headers=dana)

    assert sorted((each["device"], each["current"]) for each in listed) == [
        ("An unknown device", False),
        ("Firefox on Linux", True),
    ]
    assert ended.json()["data"] == {"ended": 1}
    assert client.get("/api/auth/me", headers=phone).status_code == 401
    assert client.get("/api/auth/me", headers=dana).status_code == 200


def test_password_is_set_after_a_code_and_signs_in(client: TestClient, dana: Headers) -> None:
    answer = client.put("/api/auth/password", json={"password": PASSWORD}, headers=dana)

    credentials = {"email": DANA["email"], "password": PASSWORD}
    assert answer.status_code == 200
    assert client.post("/api/auth/sign-in", json=credentials).status_code == 200


def test_email_address_is_changed_with_a_code(
    client: TestClient, clock: FakeClock, dana: Headers, read_code: ReadCode
) -> None:
    path, new = "/api/customers/me/email", {"email": "dana@new.example"}
    asked = client.post(path, json=new, headers=dana)

    changed = client.put(path, json={**new, "code": read_code()}, headers=dana)

    clock.advance(timedelta(seconds=1))
    client.post("/api/auth/code", json=new)
    signed_in = client.post("/api/auth/sign-in", json={**new, "code": read_code()})
    assert asked.status_code == 202
    assert changed.json()["data"]["email"] == "dana@new.example"
    assert signed_in.json()["data"]["id"] == changed.json()["data"]["id"]


def test_session_ends_with_its_logout(client: TestClient, dana: Headers) -> None:
    client.post("/api/auth/logout", headers=dana)

    assert client.get("/api/auth/me", headers=dana).status_code == 401


def test_sixth_wrong_password_has_to_wait(client: TestClient) -> None:
    wrong = {"email": "ana@example.com", "password": "wrong"}

    answers = [client.post("/api/auth/sign-in", json=wrong) for _ in range(6)]

    assert [each.status_code for each in answers] == [401] * 5 + [429]
    assert answers[-1].headers["retry-after"] == "30"


@pytest.mark.parametrize(
    ("field", "value"),
    [("state", "ZZ"), ("email", "dana at example"), ("phone", "555"), ("name", "\u0000"), ("name", "")],
)
def test_bad_field_is_named(client: TestClient, field: str, value: str) -> None:
    answer = client.post("/api/auth/register", json={**DANA, field: value})

    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["details"]] == [field]


def test_staff_account_from_its_opening_to_its_end(client: TestClient, sign_in: SignIn) -> None:
    boss = sign_in("stf_boss", role=Role.ADMIN)
    form = {"name": "Sam", "email": "sam@livhana.example", "position": "support", "password": PASSWORD}
    credentials = {"email": form["email"], "password": PASSWORD}

    member = client.post("/api/staff", json=form, headers=boss).json()["data"]
    token = client.post("/api/staff/sign-in", json=credentials).json()["data"]["token"]
    sam = {"Authorization": f"Bearer {token}"}
    me = client.get("/api/auth/me", headers=sam).json()["data"]
    seen = client.get(f"/api/customers/{ANA}", headers=sam)
    client.post(f"/api/staff/{member['id']}/disable", headers=boss)

    assert (me["id"], me["duty"], me["scopes"]) == (member["id"], "support", ["shop:read", "staff:read"])
    assert seen.status_code == 200
    assert client.get("/api/auth/me", headers=sam).status_code == 401
    assert client.post("/api/staff/sign-in", json=credentials).status_code == 401


def test_only_an_admin_opens_accounts(client: TestClient, staff: Headers, ana: Headers) -> None:
    form = {"name": "Eve", "email": "eve@example.com", "position": "admin", "password": PASSWORD}

    assert [client.post("/api/staff", json=form, headers=each).status_code for each in (staff, ana)] == [
        403,
        403,
    ]


def test_session_is_seen_when_it_is_used(client: TestClient, clock: FakeClock, dana: Headers) -> None:
    clock.advance(timedelta(minutes=10))

    client.get("/api/auth/me", headers=dana)

    [session] = client.get("/api/auth/sessions", headers=dana).json()["data"]
    assert session["seenAt"] == "2026-03-01T12:10:01.000Z"
