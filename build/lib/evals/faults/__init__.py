"""Parts of the `faults` suite: what kills at a chosen point, what is killed, who looks after it."""
