"""A module that the fork server imports; it notes what is imported when a worker is forked."""

import os
import sys

imported_at_fork: set[str] = set()

os.register_at_fork(after_in_child=lambda: imported_at_fork.update(sys.modules))
