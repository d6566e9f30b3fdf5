"""`livhana seed`: the demo shop, in a ledger that runs or is started for it."""

from contextlib import ExitStack

from rich.console import Console

from api.entrypoints.supervisor.door import CannotServe
from api.entrypoints.supervisor.preparation import NotPrepared, Preparation
from api.entrypoints.supervisor.serve import servers
from foundation.embedded import EmbeddedServerError
from foundation.settings import Settings


def seed(settings: Settings, console: Console, *, customers: int | None = None) -> None:
    """Build the demo shop unless it is there; servers that were started for it are stopped again.

    Raises:
        CannotServe: with one sentence that says what is in the way.
    """
    if settings.app_env != "development":
        raise CannotServe(f"The demo shop is built with APP_ENV=development alone, not {settings.app_env}.")
    if customers is not None:
        shop = settings.shop.model_copy(update={"demo_customers": customers})
        settings = settings.model_copy(update={"shop": shop})
    try:
        with ExitStack() as started:
            for server in servers(settings).values():
                if server.process() is None:
                    started.callback(server.stop)
                server.start()
            if not Preparation(settings, console).run():
                console.print("The demo shop is there already; nothing was done.")
    except (EmbeddedServerError, NotPrepared) as error:
        raise CannotServe(str(error)) from error
