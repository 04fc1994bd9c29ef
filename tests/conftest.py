"""What every test shares."""

from __future__ import annotations

import os

from hypothesis import settings

# Tests run side by side: one thread each is faster than many that fight, and is reproducible.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# Time limits per example fail at random on a busy machine; pytest-timeout bounds each test.
settings.register_profile("tessera", deadline=None)
settings.load_profile("tessera")
