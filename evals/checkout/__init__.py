"""Concurrent checkouts, and a replay of their SQL statements without the program."""
