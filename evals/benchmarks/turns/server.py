"""The API process under load: the real one, except for its model."""

import socket
import sys

from api.containers import Spares, build
from api.entrypoints.server import run_api
from evals.benchmarks.turns.instant_model import InstantModel
from foundation.log import configure_logging
from foundation.settings import load_settings

if __name__ == "__main__":
    configure_logging()
    house = build(load_settings(), spares=Spares(models=[InstantModel()]))
    run_api(house, door=socket.socket(fileno=int(sys.argv[1])), ready=lambda: None)
