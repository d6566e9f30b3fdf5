"""Authorize.Net as the shop's card gateway, over its JSON API."""

from connectors.authorize_net.gateway import AuthorizeNet
from connectors.authorize_net.webhooks import Webhooks, sign
from connectors.authorize_net.wire import Credentials, Wire

__all__ = ["AuthorizeNet", "Credentials", "Webhooks", "Wire", "sign"]
