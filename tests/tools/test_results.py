from datetime import UTC, datetime
from typing import Any

import pytest

from foundation.errors import Invalid
from tools.results import Card, PendingConfirmation, ToolResult

WAITING = PendingConfirmation("act_1", datetime(2026, 3, 1, 12, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    "result",
    [
        ToolResult("Two tickets left.", {"left": 2}),
        ToolResult("Here.", {}, (Card("product", "prd_1", "Owl", badges=("new",)),), handed_over=True),
        ToolResult("Gold. Shall I go ahead?", confirmation=WAITING),
        ToolResult.refusal(Invalid("No.")),
    ],
)
def test_stored_result_is_read_back_as_it_was(result: ToolResult) -> None:
    assert ToolResult.load(result.dump()) == result


def test_confirmation_is_stored_and_shown_as_earlier_versions_did() -> None:
    result = ToolResult("Gold. Shall I go ahead?", confirmation=WAITING)

    assert result.dump()["data"] == {
        "pending": True,
        "action_id": "act_1",
        "expires_at": "2026-03-01T12:10:00+00:00",
    }
    assert '"pending": true' in result.content()


@pytest.mark.parametrize("data", [None, [], "pending", {}, {"pending": "yes"}, {"pending": True}])
def test_other_data_is_no_confirmation(data: Any) -> None:  # noqa: ANN401 - any JSON
    assert PendingConfirmation.from_json(data) is None
