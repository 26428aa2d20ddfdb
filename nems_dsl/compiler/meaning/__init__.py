"""What a model says: in words, and whether it says the same as another, or something twice."""
