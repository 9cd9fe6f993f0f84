"""Training a network, in PyTorch. Needs the train extra."""

import os

# Waiting threads spin. By the default for so long that one other busy program on the machine makes a step ten times as
# slow; this is long enough for the pauses within a step. Read once, when torch is imported.
os.environ.setdefault("GOMP_SPINCOUNT", "3000")
