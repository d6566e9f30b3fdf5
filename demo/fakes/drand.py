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

from commerce.raffles.draw.beacon import Chain, randomness_of
from commerce.raffles.ports import BeaconSilent
from demo.fakes.serving import served
from foundation.clock import Clock

DOMAIN = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
GENESIS = datetime(2024, 1, 1, tzinfo=UTC)
TOO_EARLY = 425


@dataclass
class OwnBeacon:
    """`is_out`: it does not answer; `shift`: it gives the signature of another round."""

    secret: int
    now: Clock
    period: timedelta = timedelta(seconds=3)
    is_out: bool = False
    shift: int = 0
    asked: int = 0

    def __post_init__(self) -> None:
        key = G2Point() * Scalar(self.secret)
        public = bytes(key.to_compressed_bytes())
        self.chain = Chain(hashlib.sha256(public).hexdigest(), public.hex(), GENESIS, self.period)

    @property
    def latest(self) -> int:
        return self.chain.first_round_at(self.now() + timedelta(microseconds=1)) - 1

    def signature(self, number: int) -> str:
        self.asked += 1
        if self.is_out or number > self.latest:
            raise BeaconSilent
        return self.signed(number + self.shift)

    def signed(self, number: int) -> str:
        message = hashlib.sha256(number.to_bytes(8, "big")).digest()
        point = G1Point.hash_to_curve(message, DOMAIN) * Scalar(self.secret)
        return bytes(point.to_compressed_bytes()).hex()


class FakeDrand:
    def __init__(self, beacon: OwnBeacon) -> None:
        self._beacon = beacon
        chain = f"/{beacon.chain.hash}"
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
        chain = self._beacon.chain
        answer = {
            "public_key": chain.public_key,
            "period": int(chain.period.total_seconds()),
            "genesis_time": int(chain.genesis.timestamp()),
            "hash": chain.hash,
            "schemeID": "bls-unchained-g1-rfc9380",
        }
        return JSONResponse(answer)

    def _latest(self, _: Request) -> Response:
        return self._answer(self._beacon.latest)

    def _round(self, request: Request) -> Response:
        return self._answer(request.path_params["number"])

    def _answer(self, number: int) -> Response:
        if not self._beacon.is_out and number > self._beacon.latest:
            return JSONResponse({"error": "round is in the future"}, status_code=TOO_EARLY)
        try:
            signature = self._beacon.signature(number)
        except BeaconSilent:
            return JSONResponse({"error": "unavailable"}, status_code=503)
        return JSONResponse({"round": number, "randomness": randomness_of(signature), "signature": signature})
