"""Everything that changes state across rows."""
