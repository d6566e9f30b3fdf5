"""A fake drand server: it signs as drand does and speaks its HTTP API, with outages and lies on demand."""

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from py_arkworks_bls12381 import G1Point, G2Point, Scalar
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.fakes.serving import served
from foundation.clock import Clock

DOMAIN = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
GENESIS = datetime(2024, 1, 1, tzinfo=UTC)
TOO_EARLY = 425


class NetworkOut(Exception):
    """The network gives no signature of that round."""


@dataclass
class FakeNetwork:
    """Signs rounds with a key of its own. `is_out`: it is silent; `shift`: it signs another round instead."""

    secret: int
    now: Clock
    period: timedelta = timedelta(seconds=3)
    is_out: bool = False
    shift: int = 0
    asked: int = 0

    def __post_init__(self) -> None:
        public = bytes((G2Point() * Scalar(self.secret)).to_compressed_bytes())
        self.public_key, self.hash = public.hex(), hashlib.sha256(public).hexdigest()

    @property
    def latest(self) -> int:
        """The last round whose time has come."""
        return max(0, (self.now() - GENESIS) // self.period + 1)

    def signature(self, number: int) -> str:
        self.asked += 1
        if self.is_out or number > self.latest:
            raise NetworkOut
        return self.signed(number + self.shift)

    def signed(self, number: int) -> str:
        message = hashlib.sha256(number.to_bytes(8, "big")).digest()
        point = G1Point.hash_to_curve(message, DOMAIN) * Scalar(self.secret)
        return bytes(point.to_compressed_bytes()).hex()


class FakeDrand:
    def __init__(self, network: FakeNetwork) -> None:
        self._network = network
        chain = f"/{network.hash}"
        self.app = Starlette(
            routes=[
                Route(f"{chain}/info", self._info),
                Route(f"{chain}/public/latest", self._latest),
                Route(f"{chain}/public/{{number:int}}", self._round),
            ]
        )

    def serving(self) -> AbstractContextManager[str]:
        """The base URL while it serves on a free port of the loopback."""
        return served(self.app)

    def _info(self, _: Request) -> Response:
        answer = {
            "public_key": self._network.public_key,
            "period": int(self._network.period.total_seconds()),
            "genesis_time": int(GENESIS.timestamp()),
            "hash": self._network.hash,
            "schemeID": "bls-unchained-g1-rfc9380",
        }
        return JSONResponse(answer)

    def _latest(self, _: Request) -> Response:
        return self._answer(self._network.latest)

    def _round(self, request: Request) -> Response:
        return self._answer(request.path_params["number"])

    def _answer(self, number: int) -> Response:
        if not self._network.is_out and number > self._network.latest:
            return JSONResponse({"error": "round is in the future"}, status_code=TOO_EARLY)
        try:
            signature = self._network.signature(number)
        except NetworkOut:
            return JSONResponse({"error": "unavailable"}, status_code=503)
        randomness = hashlib.sha256(bytes.fromhex(signature)).hexdigest()
        return JSONResponse({"round": number, "randomness": randomness, "signature": signature})
