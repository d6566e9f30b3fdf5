"""Every setting of the program: read once from the environment and `.env`, then passed on.

In development the secrets that are missing are drawn once and kept in
`var/development-secrets.json`; with `APP_ENV=production` a missing one stops the start.
"""

from collections.abc import Mapping
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEMO_TAX_RATES = (
    "AL:.04,AK:0,AZ:.056,AR:.065,CA:.0725,CO:.029,CT:.0635,DE:0,DC:.06,FL:.06,GA:.04,HI:.04,ID:.06,IL:.0625,"
    "IN:.07,IA:.06,KS:.065,KY:.06,LA:.05,ME:.055,MD:.06,MA:.0625,MI:.06,MN:.06875,MS:.07,MO:.04225,MT:0,"
    "NE:.055,NV:.0685,NH:0,NJ:.06625,NM:.04875,NY:.04,NC:.0475,ND:.05,OH:.0575,OK:.045,OR:0,PA:.06,RI:.07,"
    "SC:.06,SD:.042,TN:.07,TX:.0625,UT:.0485,VT:.06,VA:.053,WA:.065,WV:.06,WI:.05,WY:.04"
)
"""For demonstration: rates of whole states, without counties and cities. A real shop sets its own."""


class _Part(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=".env", populate_by_name=True)


class LedgerSettings(_Part):
    url: str = Field(alias="DATABASE_URL")
    pool_size: int = Field(default=20, alias="DATABASE_POOL_SIZE", ge=2, le=80)
    pool_timeout_seconds: float = Field(default=10, alias="DATABASE_POOL_TIMEOUT_SECONDS", gt=0)
    statement_timeout_ms: int = Field(default=10_000, alias="DATABASE_STATEMENT_TIMEOUT_MS", ge=100)


class CacheSettings(_Part):
    url: str = Field(alias="REDIS_URL")


class WarehouseSettings(_Part):
    folder: Path = Field(alias="WAREHOUSE_DIR")
    batch_rows: int = Field(default=100, alias="WAREHOUSE_BATCH_ROWS", ge=1)
    batch_seconds: float = Field(default=30, alias="WAREHOUSE_BATCH_SECONDS", gt=0)


class MailSettings(_Part):
    folder: Path = Field(alias="MAIL_DIR")


class AuthSettings(_Part):
    keys: SecretStr = Field(alias="JWT_KEYS")
    audience: str = Field(default="livhana-services", alias="JWT_AUDIENCE")
    issuer: str = Field(default="livhana-auth", alias="JWT_ISSUER")
    ttl_hours: int = Field(default=24, alias="JWT_TTL_HOURS", ge=1, le=24 * 30)


class CryptoSettings(_Part):
    keys: SecretStr = Field(alias="ENCRYPTION_KEYS")
    lookup_key: SecretStr = Field(alias="LOOKUP_KEY")


class ModelSettings(_Part):
    anthropic_api_key: SecretStr | None = Field(default=None, alias="ANTHROPIC_API_KEY")
    anthropic_base_url: str | None = Field(default=None, alias="ANTHROPIC_BASE_URL")
    name: str = Field(default="claude-sonnet-5-5", alias="MODEL_NAME")
    effort: Literal["low", "medium", "high", "max"] = Field(default="low", alias="MODEL_EFFORT")
    max_tokens: int = Field(default=2_000, alias="MODEL_MAX_TOKENS", ge=256)
    timeout_seconds: float = Field(default=30, alias="MODEL_TIMEOUT_SECONDS", gt=0)
    refines_facts: bool = Field(default=True, alias="MODEL_REFINES_FACTS")
    """Whether Claude, where it is used, reads again what customers state of themselves."""

    @property
    def wants_claude(self) -> bool:
        """A key, or a server of one's own that speaks the Messages API."""
        return self.anthropic_api_key is not None or self.anthropic_base_url is not None

    @property
    def is_refining(self) -> bool:
        return self.wants_claude and self.refines_facts


class PineconeSettings(_Part):
    host: str = Field(default="", alias="PINECONE_HOST")
    api_key: SecretStr = Field(default=SecretStr(""), alias="PINECONE_API_KEY")

    @property
    def is_chosen(self) -> bool:
        return bool(self.host)


class TurnSettings(_Part):
    model_calls: int = Field(default=8, alias="TURN_MODEL_CALLS", ge=1)
    tool_calls: int = Field(default=12, alias="TURN_TOOL_CALLS", ge=1)
    tokens: int = Field(default=60_000, alias="TURN_TOKENS", ge=1_000)
    seconds: float = Field(default=60, alias="TURN_SECONDS", gt=0)
    lease_seconds: float = Field(default=30, alias="TURN_LEASE_SECONDS", gt=0)
    confirmation_minutes: int = Field(default=10, alias="CONFIRMATION_MINUTES", ge=1)


def _listed(given: object) -> object:
    """From text such as `one, another`."""
    return (
        tuple(part.strip() for part in given.split(",") if part.strip()) if isinstance(given, str) else given
    )


def _networks(given: tuple[str, ...]) -> tuple[str, ...]:
    for each in given:
        ip_network(each)
    return given


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


class ApiSettings(_Part):
    host: str = Field(default="127.0.0.1", alias="HOST")
    port: int = Field(default=8080, alias="PORT", ge=0, le=65535)
    trusted_proxies: Annotated[Listed, AfterValidator(_networks)] = Field(
        default=("127.0.0.1",), alias="TRUSTED_PROXIES"
    )
    """Addresses and networks whose word about where a request comes from is taken."""
    cors_origins: Listed = Field((), alias="CORS_ORIGINS")
    max_body_bytes: int = Field(default=256 * 1024, alias="MAX_BODY_BYTES", ge=1024)
    requests_per_minute: int = Field(default=100, alias="REQUESTS_PER_MINUTE", ge=1)


class ShopSettings(_Part):
    name: str = Field(default="LivHana", alias="SHOP_NAME")
    address: str = Field(default="100 Demo Street, Austin, TX 78701", alias="SHOP_ADDRESS", min_length=1)
    email: str = Field(default="shop@livhana.example", alias="SHOP_EMAIL", pattern=r"^[^@\s<>]+@[^@\s<>]+$")
    url: str = Field(default="http://127.0.0.1:8080", alias="SHOP_URL", pattern=r"^https?://[^\s]+[^/\s]$")
    time_zone: str = Field(default="America/Chicago", alias="SHOP_TIME_ZONE")
    age_grace_days: int = Field(default=30, alias="AGE_GRACE_DAYS", ge=0, le=90)
    demo_customers: int = Field(default=500, alias="DEMO_CUSTOMERS", ge=10)


class FraudSettings(_Part):
    review_from: float = Field(default=0.5, alias="FRAUD_REVIEW_FROM", gt=0, le=1)
    attempts_kept_days: int = Field(default=180, alias="FRAUD_ATTEMPTS_KEPT_DAYS", ge=90)


class ReorderSettings(_Part):
    service_level: float = Field(default=0.95, alias="REORDER_SERVICE_LEVEL", gt=0.5, lt=1)
    lead_days: int = Field(default=14, alias="REORDER_LEAD_DAYS", ge=1, le=90)


def _rates(given: object) -> object:
    """From text such as `TX:0.0625,OK:0.045`."""
    if not isinstance(given, str):
        return given
    pairs = (part.strip().partition(":") for part in given.split(",") if part.strip())
    return {state.strip().upper(): rate.strip() for state, _, rate in pairs}


class CheckoutSettings(_Part):
    tax_rates: Annotated[
        Mapping[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], Annotated[Decimal, Field(ge=0, lt=1)]],
        NoDecode,
        BeforeValidator(_rates),
    ] = Field(default=DEMO_TAX_RATES, alias="TAX_RATES", validate_default=True)
    """By state; a state that is not named is not sold to."""


class RaffleSettings(_Part):
    beacon: Literal["drand", "commit"] = Field(default="drand", alias="RAFFLE_BEACON")
    drand_urls: str = Field(default="https://api.drand.sh,https://drand.cloudflare.com", alias="DRAND_URLS")


class PaymentSettings(_Part):
    gateway: Literal["", "sandbox", "authorize_net"] = Field(default="", alias="PAYMENT_GATEWAY")
    login_id: SecretStr = Field(default=SecretStr(""), alias="AUTHORIZE_NET_LOGIN_ID")
    transaction_key: SecretStr = Field(default=SecretStr(""), alias="AUTHORIZE_NET_TRANSACTION_KEY")
    signature_key: SecretStr = Field(default=SecretStr(""), alias="AUTHORIZE_NET_SIGNATURE_KEY")
    url: str = Field(
        default="https://apitest.authorize.net/xml/v1/request.api",
        alias="AUTHORIZE_NET_URL",
        pattern=r"^https?://",
    )
    timeout_seconds: float = Field(default=20, alias="AUTHORIZE_NET_TIMEOUT_SECONDS", gt=0, le=60)

    @property
    def is_sandbox(self) -> bool:
        """Unless it is said, credentials decide."""
        return self.gateway == "sandbox" if self.gateway else not self.login_id.get_secret_value()


class Settings(_Part):
    app_env: Literal["development", "test", "production"] = Field(default="development", alias="APP_ENV")
    var: Path = Field(default=Path("var"), alias="VAR_DIR")
    ledger: LedgerSettings
    cache: CacheSettings
    warehouse: WarehouseSettings
    mail: MailSettings
    auth: AuthSettings
    crypto: CryptoSettings
    models: ModelSettings
    pinecone: PineconeSettings
    turn: TurnSettings
    api: ApiSettings
    shop: ShopSettings
    raffles: RaffleSettings
    fraud: FraudSettings
    reorder: ReorderSettings
    payments: PaymentSettings
    checkout: CheckoutSettings

    @property
    def is_production(self) -> bool:
        return self.app_env == "production"
