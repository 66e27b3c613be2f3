"""Who types."""

import getpass


def name_user() -> str:
    """Who sits at this terminal, for the history of what is saved and launched."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have a user without a name
        return "unknown"
