"""Parts of screens: they get models, post messages and know no service."""
