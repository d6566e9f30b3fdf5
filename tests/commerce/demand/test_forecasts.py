import json
from pathlib import Path

import numpy as np
import pytest

from commerce.demand.forecasts import METHODS, window_median

PEER = json.loads((Path(__file__).parent / "statsforecast.json").read_text())
"""By statsforecast 2.1.1: WindowAverage(8), SimpleExponentialSmoothingOptimized(), TSB(0.2, 0.2), IMAPA()."""
COMMON = ("average of 8 weeks", "exponential smoothing", "TSB", "IMAPA")


@pytest.mark.parametrize("method", COMMON)
@pytest.mark.parametrize("kind", PEER)
def test_forecast_is_that_of_statsforecast(kind: str, method: str) -> None:
    sold = np.array(PEER[kind]["sold"], dtype=float)

    assert METHODS[method](sold) == pytest.approx(PEER[kind][method], abs=1e-6)


def test_median_is_not_moved_by_one_large_sale() -> None:
    assert window_median(np.array([3.0] * 7 + [90.0])) == 3
