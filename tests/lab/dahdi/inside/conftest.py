"""What runs in the guest only: there DAHDI's real modules are loaded (see ../system.conf)."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("LAB_GUEST") else ["test_*.py"]
