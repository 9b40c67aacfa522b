"""The schema of accounts, step by step."""
