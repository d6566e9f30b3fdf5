"""Money in whole cents of one currency."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


@dataclass(frozen=True, order=True)
class Money:
    cents: int
    currency: str = "USD"

    @classmethod
    def from_dollars(cls, dollars: Decimal | str | int, currency: str = "USD") -> "Money":
        """The exact amount; more than two decimals raise ValueError."""
        exact = Decimal(dollars)
        if exact != exact.quantize(CENT):
            raise ValueError(f"{dollars} has more than two decimals")
        return cls(int(exact * 100), currency)

    @property
    def dollars(self) -> Decimal:
        return Decimal(self.cents) / 100

    def __add__(self, other: "Money") -> "Money":
        return Money(self.cents + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.cents - self._same(other), self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.cents * count, self.currency)

    def percent(self, percent: int) -> "Money":
        """That share of the amount, half a cent rounded up."""
        share = (Decimal(self.cents) * percent / 100).quantize(Decimal(1), ROUND_HALF_UP)
        return Money(int(share), self.currency)

    def __str__(self) -> str:
        sign = "-" if self.cents < 0 else ""
        return f"{sign}${abs(self.cents) // 100:,}.{abs(self.cents) % 100:02d}"

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"{other.currency} and {self.currency} do not add up")
        return other.cents
