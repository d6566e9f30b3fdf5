"""What a tool call returns: words, data, cards, and the confirmation it may wait for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from foundation.errors import ShopError

ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)


@dataclass(frozen=True)
class Card:
    """Something shown beside the words; `price` is dollars with two decimals."""

    kind: str
    id: str
    title: str
    subtitle: str = ""
    price: str | None = None
    badges: tuple[str, ...] = ()


@dataclass(frozen=True)
class PendingConfirmation:
    """The call was not carried out: it is a pending action until the customer confirms it."""

    action_id: str
    expires_at: datetime

    @classmethod
    def from_json(cls, data: object) -> "PendingConfirmation | None":
        """None for the data of any other result."""
        match data:
            case {"pending": True, "action_id": str(action_id), "expires_at": str(expires_at)}:
                return cls(action_id, datetime.fromisoformat(expires_at))
        return None

    def to_json(self) -> dict[str, Any]:
        return {"pending": True, "action_id": self.action_id, "expires_at": self.expires_at.isoformat()}


@dataclass(frozen=True)
class ToolResult:
    say: str
    """The result in words that may be said to the customer as they are."""
    data: Any = None
    """The result for the model; None where the call waits for a confirmation."""
    cards: tuple[Card, ...] = ()
    form: str | None = None
    """The form the customer should fill in: `age_verification`, `card` or `sign_in`."""
    handed_over: bool = False
    is_error: bool = False
    confirmation: PendingConfirmation | None = None

    @classmethod
    def refusal(cls, error: ShopError) -> "ToolResult":
        """A refusal whose class has a `form` also shows the customer that form."""
        data = {"code": error.code, **({"details": error.details} if error.details else {})}
        return cls(str(error), data, form=getattr(error, "form", None), is_error=True)

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> "ToolResult":
        confirmation = PendingConfirmation.from_json(stored["data"])
        return cls(
            say=stored["say"],
            data=None if confirmation else stored["data"],
            cards=tuple(Card(**{**card, "badges": tuple(card["badges"])}) for card in stored["cards"]),
            form=stored["form"],
            handed_over=stored["handed_over"],
            is_error=stored["is_error"],
            confirmation=confirmation,
        )

    def dump(self) -> dict[str, Any]:
        """As JSON for the ledger; a confirmation is its `data`."""
        return {
            "say": self.say,
            "data": self._data(),
            "cards": ANYTHING.dump_python(self.cards, mode="json"),
            "form": self.form,
            "handed_over": self.handed_over,
            "is_error": self.is_error,
        }

    def content(self) -> str:
        """What the model reads: the words, and the typed result behind them."""
        return json.dumps({"say": self.say, "data": self._data()})

    def _data(self) -> Any:  # noqa: ANN401 - any JSON
        return (
            self.confirmation.to_json() if self.confirmation else ANYTHING.dump_python(self.data, mode="json")
        )
