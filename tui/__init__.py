"""vbem: restore virtual machines from Veeam Backup Enterprise Manager, in a terminal."""

__version__ = "0.1.0"
