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

from foundation.log import LogFormat

DEMO_TAX_RATES = (
    "AL:.04,AK:0,AZ:.056,AR:.065,CA:.0725,CO:.029,CT:.0635,DE:0,DC:.06,FL:.06,GA:.04,HI:.04,ID:.06,IL:.0625,"
    "IN:.07,IA:.06,KS:.065,KY:.06,LA:.05,ME:.055,MD:.06,MA:.0625,MI:.06,MN:.06875,MS:.07,MO:.04225,MT:0,"
    "NE:.055,NV:.0685,NH:0,NJ:.06625,NM:.04875,NY:.04,NC:.0475,ND:.05,OH:.0575,OK:.045,OR:0,PA:.06,RI:.07,"
    "SC:.06,SD:.042,TN:.07,TX:.0625,UT:.0485,VT:.06,VA:.053,WA:.065,WV:.06,WI:.05,WY:.04"
)
"""For demonstration: rates of whole states, without counties and cities. A real shop sets its own."""


class _Part(BaseSettings):
    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_file=".env", populate_by_name=True, use_attribute_docstrings=True
    )


class LedgerSettings(_Part):
    """Ledger (PostgreSQL)."""

    url: str = Field(alias="DATABASE_URL")
    """Address of the ledger. Default: an embedded PostgreSQL 18 on a socket in `VAR_DIR/postgres`."""
    pool_size: int = Field(default=20, alias="DATABASE_POOL_SIZE", ge=2, le=80)
    """Connections of one process."""
    pool_timeout_seconds: float = Field(default=10, alias="DATABASE_POOL_TIMEOUT_SECONDS", gt=0)
    """How long a request waits for a free connection."""
    statement_timeout_ms: int = Field(default=10_000, alias="DATABASE_STATEMENT_TIMEOUT_MS", ge=100)
    """After how long PostgreSQL cancels a statement."""


class CacheSettings(_Part):
    """Cache, queue and event streams (Redis or Valkey)."""

    url: str = Field(alias="REDIS_URL")
    """Address of the cache. Default: an embedded Valkey on a socket in `VAR_DIR/valkey`."""


class WarehouseSettings(_Part):
    """Warehouse (DuckLake)."""

    folder: Path = Field(alias="WAREHOUSE_DIR")
    """Folder of the Parquet files. Default: `VAR_DIR/warehouse`."""
    batch_rows: int = Field(default=100, alias="WAREHOUSE_BATCH_ROWS", ge=1)
    """Rows after which a batch is written."""
    batch_seconds: float = Field(default=30, alias="WAREHOUSE_BATCH_SECONDS", gt=0)
    """Seconds after which a smaller batch is written."""


class LogSettings(_Part):
    """Log."""

    log_format: LogFormat = Field(default="auto", alias="LOG_FORMAT")
    """`console` is text, coloured on a terminal; `auto` is that on a terminal and JSON elsewhere."""


class MailSettings(_Part):
    """Outgoing mail and text messages."""

    folder: Path = Field(alias="MAIL_DIR")
    """Folder of sent messages, as `.eml` and `.txt` files. Default: `VAR_DIR/outbox`."""


class AuthSettings(_Part):
    """Access tokens."""

    keys: SecretStr = Field(alias="JWT_KEYS")
    """Key ring `kid:hex[,kid:hex…]` of 64 hex digits each: the first signs, all verify. To rotate, put the
    new key first.
    """
    audience: str = Field(default="livhana-services", alias="JWT_AUDIENCE")
    """Audience claim of issued and accepted tokens."""
    issuer: str = Field(default="livhana-auth", alias="JWT_ISSUER")
    """Issuer claim of issued and accepted tokens."""
    ttl_hours: int = Field(default=24, alias="JWT_TTL_HOURS", ge=1, le=24 * 30)
    """Lifetime of a token."""


class CryptoSettings(_Part):
    """Encryption of personal data."""

    keys: SecretStr = Field(alias="ENCRYPTION_KEYS")
    """Key ring `kid:hex[,kid:hex…]` that wraps the data keys: the first wraps, all unwrap."""
    lookup_key: SecretStr = Field(alias="LOOKUP_KEY")
    """Key of the digests by which e-mail addresses and phone numbers are found; 64 hex digits."""


class ModelSettings(_Part):
    """Language model."""

    anthropic_api_key: SecretStr | None = Field(default=None, alias="ANTHROPIC_API_KEY")
    """Key of the Claude API. Without it and without `ANTHROPIC_BASE_URL` the offline model answers."""
    anthropic_base_url: str | None = Field(default=None, alias="ANTHROPIC_BASE_URL")
    """Address of another server of the Messages API."""
    name: str = Field(default="claude-sonnet-5-5", alias="MODEL_NAME")
    """Model to ask."""
    effort: Literal["low", "medium", "high", "max"] = Field(default="low", alias="MODEL_EFFORT")
    """Effort the model is asked for."""
    max_tokens: int = Field(default=2_000, alias="MODEL_MAX_TOKENS", ge=256)
    """Tokens of one answer at most."""
    timeout_seconds: float = Field(default=30, alias="MODEL_TIMEOUT_SECONDS", gt=0)
    """How long one model call may take."""
    refines_facts: bool = Field(default=True, alias="MODEL_REFINES_FACTS")
    """Whether the model also extracts facts from what customers state, in a job after the turn."""

    @property
    def wants_claude(self) -> bool:
        """A key, or a server of one's own that speaks the Messages API."""
        return self.anthropic_api_key is not None or self.anthropic_base_url is not None

    @property
    def extracts_facts(self) -> bool:
        return self.wants_claude and self.refines_facts


class PineconeSettings(_Part):
    """Vector index (Pinecone)."""

    host: str = Field(default="", alias="PINECONE_HOST")
    """Host of an index of 384 dimensions, metric cosine, used by this installation alone. Default: exact
    search in process.
    """
    api_key: SecretStr = Field(default=SecretStr(""), alias="PINECONE_API_KEY")
    """Key of the index."""

    @property
    def is_chosen(self) -> bool:
        return bool(self.host)


class TurnSettings(_Part):
    """Limits of one turn."""

    model_calls: int = Field(default=8, alias="TURN_MODEL_CALLS", ge=1)
    """Model calls of one turn at most."""
    tool_calls: int = Field(default=12, alias="TURN_TOOL_CALLS", ge=1)
    """Tool calls of one turn at most."""
    tokens: int = Field(default=60_000, alias="TURN_TOKENS", ge=1_000)
    """Tokens of one turn at most."""
    seconds: float = Field(default=60, alias="TURN_SECONDS", gt=0)
    """Seconds of one turn at most."""
    lease_seconds: float = Field(default=30, alias="TURN_LEASE_SECONDS", gt=0)
    """After how long without renewal another process resumes a turn."""
    confirmation_minutes: int = Field(default=10, alias="CONFIRMATION_MINUTES", ge=1)
    """How long a confirmation stays valid."""


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
    """HTTP API."""

    host: str = Field(default="127.0.0.1", alias="HOST")
    """Address the API listens on."""
    port: int = Field(default=8080, alias="PORT", ge=0, le=65535)
    """Port the API listens on."""
    trusted_proxies: Annotated[Listed, AfterValidator(_networks)] = Field(
        default=("127.0.0.1",), alias="TRUSTED_PROXIES"
    )
    """Addresses and networks of proxies whose `X-Forwarded-For` is believed, comma-separated. Without them
    all customers behind a proxy share one rate limit.
    """
    cors_origins: Listed = Field((), alias="CORS_ORIGINS")
    """Origins whose pages may call the API, comma-separated."""
    max_body_bytes: int = Field(default=256 * 1024, alias="MAX_BODY_BYTES", ge=1024)
    """Size of a request body at most."""
    requests_per_minute: int = Field(default=100, alias="REQUESTS_PER_MINUTE", ge=1)
    """Rate limit by address and by principal."""


class ShopSettings(_Part):
    """Shop."""

    name: str = Field(default="LivHana", alias="SHOP_NAME")
    """Name of the shop."""
    address: str = Field(default="100 Demo Street, Austin, TX 78701", alias="SHOP_ADDRESS", min_length=1)
    """Postal address under each message. Production needs one of its own."""
    email: str = Field(default="shop@livhana.example", alias="SHOP_EMAIL", pattern=r"^[^@\s<>]+@[^@\s<>]+$")
    """Sender of messages. Production needs one of its own."""
    url: str = Field(default="http://127.0.0.1:8080", alias="SHOP_URL", pattern=r"^https?://[^\s]+[^/\s]$")
    """Public address, used in links. Default: `http://127.0.0.1:PORT`. Production needs one of its own."""
    time_zone: str = Field(default="America/Chicago", alias="SHOP_TIME_ZONE")
    """Time zone of the shop's calendar."""
    age_grace_days: int = Field(default=30, alias="AGE_GRACE_DAYS", ge=0, le=90)
    """Days after its expiry in which a proof of age still counts for purchases."""
    demo_customers: int = Field(default=500, alias="DEMO_CUSTOMERS", ge=10)
    """Customers of the synthetic demo shop."""


class FraudSettings(_Part):
    """Fraud assessment."""

    review_from: float = Field(default=0.5, alias="FRAUD_REVIEW_FROM", gt=0, le=1)
    """Fraud score, 0 to 1, from which a payment waits for staff."""
    attempts_kept_days: int = Field(default=180, alias="FRAUD_ATTEMPTS_KEPT_DAYS", ge=90)
    """Retention of payment attempts."""


class ReorderSettings(_Part):
    """Reorder points."""

    service_level: float = Field(default=0.95, alias="REORDER_SERVICE_LEVEL", gt=0.5, lt=1)
    """Share of order cycles in which stock shall last until delivery."""
    lead_days: int = Field(default=14, alias="REORDER_LEAD_DAYS", ge=1, le=90)
    """Days from an order to its delivery."""


def _rates(given: object) -> object:
    """From text such as `TX:0.0625,OK:0.045`."""
    if not isinstance(given, str):
        return given
    pairs = (part.strip().partition(":") for part in given.split(",") if part.strip())
    return {state.strip().upper(): rate.strip() for state, _, rate in pairs}


class CheckoutSettings(_Part):
    """Checkout."""

    tax_rates: Annotated[
        Mapping[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], Annotated[Decimal, Field(ge=0, lt=1)]],
        NoDecode,
        BeforeValidator(_rates),
    ] = Field(default=DEMO_TAX_RATES, alias="TAX_RATES", validate_default=True)
    """Sales tax by state, such as `TX:0.0825,OK:0.085`; a state without a rate is not sold to. The default
    holds the rates of whole states, for demonstration only.
    """


class RaffleSettings(_Part):
    """Raffles."""

    beacon: Literal["drand", "commit"] = Field(default="drand", alias="RAFFLE_BEACON")
    """What decides a raffle: the public beacon `drand` with the committed seed as fallback, or `commit`,
    the committed seed alone.
    """
    drand_urls: str = Field(default="https://api.drand.sh,https://drand.cloudflare.com", alias="DRAND_URLS")
    """Addresses of the beacon, comma-separated, asked in order."""


class PaymentSettings(_Part):
    """Card gateway."""

    gateway: Literal["", "sandbox", "authorize_net"] = Field(default="", alias="PAYMENT_GATEWAY")
    """`sandbox` or `authorize_net`; empty: `authorize_net` if its credentials are set. Production refuses
    the sandbox.
    """
    login_id: SecretStr = Field(default=SecretStr(""), alias="AUTHORIZE_NET_LOGIN_ID")
    """API login id of the merchant account."""
    transaction_key: SecretStr = Field(default=SecretStr(""), alias="AUTHORIZE_NET_TRANSACTION_KEY")
    """Transaction key of the merchant account."""
    signature_key: SecretStr = Field(default=SecretStr(""), alias="AUTHORIZE_NET_SIGNATURE_KEY")
    """Key that signs the gateway's webhooks."""
    url: str = Field(
        default="https://apitest.authorize.net/xml/v1/request.api",
        alias="AUTHORIZE_NET_URL",
        pattern=r"^https?://",
    )
    """Address of the gateway; production uses `https://api.authorize.net/xml/v1/request.api`."""
    timeout_seconds: float = Field(default=20, alias="AUTHORIZE_NET_TIMEOUT_SECONDS", gt=0, le=60)
    """How long a gateway call may take."""

    @property
    def is_sandbox(self) -> bool:
        """Unless it is said, credentials decide."""
        return self.gateway == "sandbox" if self.gateway else not self.login_id.get_secret_value()


class Settings(_Part):
    """Program."""

    app_env: Literal["development", "test", "production"] = Field(default="development", alias="APP_ENV")
    """`development` draws missing secrets and builds a demo shop; `production` refuses to start without
    its secrets, gateway credentials and shop identity.
    """
    var: Path = Field(default=Path("var"), alias="VAR_DIR")
    """Folder of everything the program writes on this machine."""
    ledger: LedgerSettings
    cache: CacheSettings
    warehouse: WarehouseSettings
    mail: MailSettings
    log: LogSettings
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
