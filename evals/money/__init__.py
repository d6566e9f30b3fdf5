"""Interleavings of member, gateway and calendar events, and a comparison of ledger, gateway and warehouse."""
