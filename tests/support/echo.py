"""A child that gives back what it gets; `with-grandchild` starts a process first and tells its number."""

from __future__ import annotations

import subprocess
import sys

if __name__ == "__main__":
    if sys.argv[1:] == ["with-grandchild"]:
        grandchild = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        sys.stdout.write(f"{grandchild.pid}\n")
        sys.stdout.flush()
    sys.stdout.write(sys.stdin.read())
