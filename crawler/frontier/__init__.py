"""Pure rules of the frontier: what, when, how many, how far."""
