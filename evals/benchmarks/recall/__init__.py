"""Retrieval of past turns: quality and cost."""
