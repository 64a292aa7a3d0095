"""Restore forms by platform: descriptions, checks and what they mean, without widgets."""
