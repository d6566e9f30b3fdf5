"""For how many days the warehouse keeps rows."""

TWO_YEARS = 2 * 365
SEVEN_YEARS = 7 * 365 + 2
