"""One data file per kind of restore: its fields, what they mean, how they become a request."""
