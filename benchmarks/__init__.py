"""What Trawl claims, measured."""
