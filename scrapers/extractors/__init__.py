"""General extractors: what can be read from any page without being told about it."""
