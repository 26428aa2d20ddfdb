"""The store of a sweep: rows of finished jobs, in a file or a database."""
