"""The API process that the suite loads: the real house, but for the model and the rate limit."""

import socket
import sys

import uvicorn

from api.app import create_app
from api.bootstrap import Spares, build
from evals.turns.instant import InstantModel
from foundation.settings import load_settings

if __name__ == "__main__":
    house = build(load_settings(), spares=Spares(models=[InstantModel()]))
    config = uvicorn.Config(
        create_app(house), access_log=False, log_level="warning", timeout_graceful_shutdown=5
    )
    uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])
