from datetime import timedelta

import jwt
import pytest
from starlette.testclient import TestClient

from api.containers.container import Container
from foundation.auth import Principal, Role
from tests.api.conftest import ANA, Headers
from tests.fakes import FakeClock


def forged(**changed: object) -> str:
    claims = {
        "sub": ANA,
        "role": "customer",
        "jti": "tok_forged",
        "iat": 1772366400,
        "exp": 1772452800,
        "aud": "livhana-services",
        "iss": "livhana-auth",
    }
    return jwt.encode({**claims, **changed}, "k" * 64, algorithm="HS256", headers={"kid": "dev"})


def test_guest_gets_a_token_for_the_public_shop(client: TestClient) -> None:
    issued = client.post("/api/auth/guest")

    token = issued.json()["data"]["token"]
    me = client.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"}).json()["data"]

    assert issued.status_code == 201
    assert issued.json()["data"]["expiresAt"] == "2026-03-02T12:00:00.000Z"
    assert (me["role"], me["scopes"]) == ("guest", ["shop:read"])


def test_nobody_is_asked_to_sign_in(client: TestClient) -> None:
    answer = client.get("/api/auth/me")

    assert answer.status_code == 401
    assert answer.json()["code"] == "UNAUTHORIZED"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header",
    [
        "Basic YW5hOnNlY3JldA==",
        "Bearer",
        "Bearer not.a.token",
        f"Bearer {forged()}",
        f"Bearer {jwt.encode({'sub': ANA, 'role': 'admin'}, '', algorithm='none')}",
    ],
)
def test_bad_credentials_are_refused(client: TestClient, header: str) -> None:
    answer = client.get("/api/auth/me", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.json()["success"] is False


def test_token_in_the_query_string_is_no_token(client: TestClient, container: Container) -> None:
    token = container.infrastructure.tokens.issue(Principal(ANA, Role.CUSTOMER))

    answer = client.get("/api/auth/me", params={"token": token, "access_token": token})

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_INPUT")
    assert token not in answer.text


def test_expired_token_is_refused(client: TestClient, clock: FakeClock, ana: Headers) -> None:
    clock.advance(timedelta(hours=24))

    assert client.get("/api/auth/me", headers=ana).status_code == 401


def test_token_is_dead_after_logout(client: TestClient, ana: Headers) -> None:
    ended = client.post("/api/auth/logout", headers=ana)

    assert ended.json()["data"] == {"revoked": True}
    assert client.get("/api/auth/me", headers=ana).status_code == 401


def test_token_stays_dead_for_as_long_as_it_would_have_lasted(
    client: TestClient, container: Container, clock: FakeClock
) -> None:
    token = container.infrastructure.tokens.issue(Principal(ANA, Role.CUSTOMER), ttl=timedelta(days=30))
    bearer = {"Authorization": f"Bearer {token}"}
    client.post("/api/auth/logout", headers=bearer)

    clock.advance(timedelta(days=29))

    assert client.get("/api/auth/me", headers=bearer).status_code == 401


def test_logout_ends_no_other_session(client: TestClient, ana: Headers, ben: Headers) -> None:
    client.post("/api/auth/logout", headers=ana)

    assert client.get("/api/auth/me", headers=ben).json()["data"]["id"] == "cus_ben"
