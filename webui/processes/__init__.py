"""Starts and stops the service: which processes there are, and their supervisor."""
