"""Sends requests: one module for each backend, and the egress guard they all go through."""
