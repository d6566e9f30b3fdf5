"""The API keeps to what its OpenAPI document says, over HTTP, for good requests and for bad ones."""

import pytest
import schemathesis
from schemathesis.engine import from_schema
from schemathesis.engine.events import NonFatalError, ScenarioFinished

from api.containers.container import Container
from tests.api.conftest import Headers

EXAMPLES = 20
UNDEFENDED = ["positive_data_acceptance"]
"""A schema cannot say that a name has two parts, or that a raffle is there."""

# Some thousands of requests, on a machine that may have other work.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def container(lasting_container: Container) -> Container:
    return lasting_container


def test_every_answer_is_as_declared(address: str, ana: Headers) -> None:
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    schema.config.update(headers=ana, continue_on_failure=True)
    schema.config.phases.update(phases=["examples", "coverage", "fuzzing"])
    schema.config.generation.update(max_examples=EXAMPLES, deterministic=True, database="none")
    schema.config.checks.update(excluded_check_names=UNDEFENDED)

    broken: list[str] = []
    tried = set()
    for event in from_schema(schema).execute():
        if isinstance(event, NonFatalError):
            broken.append(f"{event.label}: {event.value}")
        if isinstance(event, ScenarioFinished):
            tried.add(event.label)
            broken += [
                f"{event.label}: {check.name}: {check.failure_info.failure}"
                for checks in event.recorder.checks.values()
                for check in checks
                if check.failure_info
            ]

    assert broken == []
    assert len(tried) >= 20
