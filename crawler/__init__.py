"""Fetches: one Django app around an engine that knows no Django."""
