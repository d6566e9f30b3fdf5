from datetime import date
from zoneinfo import ZoneInfo

from commerce.insights.models import since


def test_days_begin_at_midnight_in_the_shop_whatever_the_clocks_do() -> None:
    zone = ZoneInfo("America/Chicago")

    begins = [since(date(2026, 3, 9), days, zone).isoformat() for days in (1, 7)]

    assert begins == ["2026-03-09T00:00:00-05:00", "2026-03-03T00:00:00-06:00"]
