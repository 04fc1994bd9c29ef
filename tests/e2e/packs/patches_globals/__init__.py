"""A pack that changes what everybody uses."""

import builtins
import gc
import locale
import logging
import os
import signal
import socket
import sys
import time
import warnings

import torch

builtins.print = lambda *args, **kwargs: None
gc.disable()
locale.setlocale(locale.LC_ALL, "C")
logging.disable(logging.CRITICAL)
os.chdir("/")
os.environ.clear()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
socket.setdefaulttimeout(0.001)
sys.argv = ["patched"]
sys.path.clear()
sys.setrecursionlimit(300)
sys.stdout = sys.stderr = None
time.time = lambda: 0.0
torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(True)
warnings.simplefilter("error")
NODE_CLASS_MAPPINGS = {}
