"""What fraud review publishes: the decision of staff."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class FraudDecided:
    topic: ClassVar[str] = "fraud_decisions"

    review_id: str
    kind: str
    is_fraud: bool
