"""Finds restore points: the index, the filter over it, the loader that fills it, lookup of references."""
