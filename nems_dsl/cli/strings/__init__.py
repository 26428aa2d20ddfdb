"""Commands that need strings alone, and no data."""
