"""How well past turns are found again, and how fast."""
