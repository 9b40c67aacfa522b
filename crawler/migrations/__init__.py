"""The crawler's schema, step by step."""
