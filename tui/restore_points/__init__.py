"""Finds restore points: the index, the loader that fills it, the filter over it, the list of VMs."""
