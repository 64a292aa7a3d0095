"""Admits: trust, log on, resume, log on again, keep alive, log off."""
