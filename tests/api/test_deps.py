import inspect
from typing import Annotated, get_args, get_origin

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from api.app import ROUTERS
from api.containers.container import Container
from tests.api.conftest import ANA, Headers


@pytest.fixture(scope="module")
def container(lasting_container: Container) -> Container:
    return lasting_container


@pytest.mark.parametrize(
    "path",
    [
        f"/api/memberships/{ANA}",
        f"/api/memberships/discount/{ANA}?subtotal=10",
        f"/api/age-verification/status/{ANA}",
        f"/api/memory/profile/{ANA}",
        f"/api/memory/context/{ANA}",
        f"/api/customers/{ANA}/overview",
    ],
)
class TestSomeoneElses:
    def test_another_customer_is_refused(self, client: TestClient, ben: Headers, path: str) -> None:
        answer = client.get(path, headers=ben)

        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")

    def test_guest_is_refused(self, client: TestClient, guest: Headers, path: str) -> None:
        assert client.get(path, headers=guest).status_code == 403

    def test_staff_may_read(self, client: TestClient, staff: Headers, path: str) -> None:
        assert client.get(path, headers=staff).status_code == 200


def test_no_route_takes_the_whole_container() -> None:
    endpoints = [
        route.endpoint for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)
    ]
    annotations = [kind for each in endpoints for kind in inspect.get_annotations(each).values()]

    assert len(endpoints) > 100
    assert Container not in [
        get_args(kind)[0] if get_origin(kind) is Annotated else kind for kind in annotations
    ]
