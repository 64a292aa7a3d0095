"""Keyrings that keep no session: what is said of each, and how the advice begins."""

REFUSED = {
    "keyring.backends.fail.Keyring": ("no usable keyring (there is no D-Bus session)", "See README"),
    "PlaintextKeyring": ("plain text, so it is not used", "See README"),
    "DisguisedKeyring": ("plain text", "See README"),
    "SwitchedOffKeyring": ("switched off", ""),
    "UnlikelyKeyring": ("does not work", "See README"),
    "BadChain": ("switched off", ""),
    "EndlessChain": ("no usable keyring", "See README"),
    "BrokenKeyring": ("the keyring (file keyring BrokenKeyring) failed (RuntimeError)", "See README"),
    "LockedKeyring": ("the keyring (file keyring LockedKeyring) is locked", "Open it before"),
    "ForgetfulKeyring": ("did not return what was stored", "See README"),
    "ReadOnlyKeyring": ("the keyring (file keyring ReadOnlyKeyring) cannot be written", "See README"),
    "no.such.Keyring": (
        "PYTHON_KEYRING_BACKEND chooses cannot be used (no.such.Keyring: ModuleNotFoundError)",
        "Correct PYTHON_KEYRING_BACKEND",
    ),
}
