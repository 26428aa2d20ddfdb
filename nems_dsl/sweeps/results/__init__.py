"""What can be asked of the rows in a store."""
