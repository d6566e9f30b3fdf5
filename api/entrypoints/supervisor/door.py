"""The socket that callers knock at."""

import errno
import socket

from foundation.settings import ApiSettings

BACKLOG = 2048


class CannotServe(Exception):
    """Why the house does not open or stay open; the message is one sentence."""


def open_door(api: ApiSettings) -> socket.socket:
    """A socket that listens where the settings say.

    Raises:
        CannotServe: when the port is taken or forbidden, or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in api.host else socket.AF_INET
    try:
        return socket.create_server((api.host, api.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise CannotServe(_reason(api, error)) from error


def _reason(api: ApiSettings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {api.port} is in use: set PORT to another one, or end what listens there."
    if error.errno == errno.EACCES:
        return f"Port {api.port} is not open to this user: set PORT to 1024 or above."
    return f"HOST {api.host} is not an address of this machine."
