"""Train every model head once on a machine, before the processes that read them start.

Whoever finds a head missing trains it, but then holds the 70 MB of the libraries for training for good.
"""

from contextlib import closing

from api.containers.container import build_container
from foundation.settings import Settings
from tools.catalog import TOOLS


def train_models(settings: Settings) -> None:
    """Train what is not kept under the folder of the models yet."""
    with closing(build_container(settings)) as container:
        artifacts = container.memory.artifacts
        artifacts.training().router(TOOLS)
        artifacts.clause_meaning()
        artifacts.intents([product.name for product in container.commerce.inventory.products()])
