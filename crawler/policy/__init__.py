"""Decides what to do on the wire: addresses, retries, redirects, robots. No clock, no I/O."""
