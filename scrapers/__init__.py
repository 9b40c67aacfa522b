"""Reads pages: bytes in, items and links out; no input or output of its own."""
