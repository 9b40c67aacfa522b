"""Formats in which items leave."""
