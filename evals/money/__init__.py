"""Members, a gateway and a calendar in every order of events, and the three books that must agree."""
