"""A small shop of our own to crawl, for newcomers and tests."""
