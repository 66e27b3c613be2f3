"""A module that starts a thread when it is imported, as none does that may be preloaded."""

import threading
import time

threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
