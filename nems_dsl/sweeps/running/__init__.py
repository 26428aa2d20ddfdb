"""Running the jobs of a sweep: planned, dealt out, fitted and scored."""
