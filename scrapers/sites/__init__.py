"""Scrapers of single sites, written in Python; each is named in the registry."""
