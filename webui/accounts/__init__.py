"""People, their tokens and their rights."""
