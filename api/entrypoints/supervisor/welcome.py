"""What is printed once the house is open: its addresses, and logins to try it with."""

from rich.console import Console
from rich.table import Table

from foundation.auth import Principal, Role, Tokens
from foundation.settings import Settings
from foundation.sql import open_ledger

DEMO = {
    "a customer": Principal("cus_demo", Role.CUSTOMER),
    "staff": Principal("stf_demo", Role.STAFF),
    "an admin": Principal("adm_demo", Role.ADMIN),
}
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - read, not bound


def welcome(settings: Settings, console: Console, *, port: int) -> None:
    host = settings.api.host
    base = f"http://{EVERYWHERE.get(host, f'[{host}]' if ':' in host else host)}:{port}"
    table = Table.grid(padding=(0, 2))
    table.add_row("Chat", f"{base}/")
    table.add_row("API", f"{base}/docs")
    table.add_row("Metrics", f"{base}/metrics")
    table.add_row("Logs", str(settings.var / "log"))
    console.print(f"\n[bold]{settings.shop.name} is open.[/]")
    console.print(table)
    if settings.app_env == "development":
        console.print("\nSign in as")
        for who, link in demo_logins(settings, base).items():
            console.print(f"  {who}:", highlight=False)
            console.print(link, soft_wrap=True, highlight=False)
    console.print("\nCtrl-C closes it.")


def demo_logins(settings: Settings, base: str) -> dict[str, str]:
    """A link for each role; whoever has it is signed in for as long as a token lives."""
    ledger = open_ledger(settings.ledger)
    tokens = Tokens(settings.auth, ledger)
    links = {who: f"{base}/#token={tokens.issue(principal)}" for who, principal in DEMO.items()}
    ledger.close()
    return links
