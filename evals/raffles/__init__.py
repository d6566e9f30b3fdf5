"""Parts of the `raffles` suite: sample draws, fairness, tampering, timing."""
