"""Parts of the `raffles` suite: draws made up, timed, counted and tampered with."""
