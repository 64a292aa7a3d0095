"""Where the program keeps what it remembers: one folder for state, one for settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

APP_NAME = "vbem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """The two folders of one profile (real or demo)."""

    state: Path
    """Journal, pinned certificates, crash reports: what must survive."""
    config: Path
    """Settings written by the operator."""
    demo: bool = False
    """Whether this is the profile of the embedded server."""

    @classmethod
    def locate(cls, *, demo: bool = False, state_dir: Path | None = None) -> Folders:
        """Find the folders; the demo's never overlap the real ones.

        Args:
            demo: use the profile of the embedded server.
            state_dir: the operator's own choice of the state folder (`--state-dir`).
        """
        from platformdirs import user_config_path, user_state_path

        name = f"{APP_NAME}-demo" if demo else APP_NAME
        state = state_dir.expanduser().resolve() if state_dir else user_state_path(name)
        return cls(
            state=state / "demo" if demo and state_dir else state, config=user_config_path(name), demo=demo
        )

    def make(self) -> None:
        """Create the state folder, readable by its owner alone.

        Raises:
            OSError: the folder cannot be made.
        """
        self.state.mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def journal(self) -> Path:
        """The sqlite file of the journal."""
        return self.state / "journal.sqlite3"

    @property
    def pins(self) -> Path:
        """The file of pinned certificates."""
        return self.state / "known_servers"

    @property
    def settings(self) -> Path:
        """The settings file (TOML)."""
        return self.config / "settings.toml"

    @property
    def keyring_service(self) -> str:
        """The name under which the keyring holds logon sessions of this profile."""
        return f"{APP_NAME}-demo" if self.demo else APP_NAME
