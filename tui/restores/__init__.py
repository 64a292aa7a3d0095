"""Decides: each platform's form, the plan, the life of one restore, the monitor of many."""
