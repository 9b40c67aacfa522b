"""One module for each command: up, alive."""
