"""Reading state for display."""
