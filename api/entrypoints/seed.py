"""Generate a demo shop and live its past in the ledger, by the services of a container."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import OperationalError

from api.containers.demo import demo_services
from demo.generator import ledger as into_ledger
from demo.generator.config import ShopConfig
from demo.generator.services import SetClock
from demo.generator.shop import Shop
from foundation.clock import system_clock
from foundation.settings import Settings


class NotSeeded(Exception):
    """The message is one sentence."""


def seed_ledger(settings: Settings, console: Console, *, customers: int) -> bool:
    """False when there is a demo shop already.

    Raises:
        NotSeeded: the ledger does not answer.
    """
    today = system_clock().replace(hour=0, minute=0, second=0, microsecond=0)
    shop = Shop(ShopConfig(customers=customers, ends_at=today))
    try:
        return _seed(settings, shop, console)
    except OperationalError as error:
        raise NotSeeded("The ledger does not answer: start the shop, or set DATABASE_URL.") from error


def _seed(settings: Settings, shop: Shop, console: Console) -> bool:
    with demo_services(settings, clock=SetClock(shop.config.ends_at)) as services:
        if into_ledger.is_built(services.ledger):
            return False
        columns = (
            TextColumn("{task.description:<14}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console) as progress:
            tasks = {name: progress.add_task(name, total=None) for name in into_ledger.PARTS}
            into_ledger.build(
                shop,
                services,
                advance=lambda part, done, total: progress.update(tasks[part], advance=done, total=total),
            )
    return True
