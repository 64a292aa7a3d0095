"""The benchmark: `python -m tests.bench [--json FILE]`, each row against a yardstick of the same run."""
