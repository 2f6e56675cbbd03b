"""Training many networks at once in PyTorch; imported late, because PyTorch is heavy."""

from quorate.extras import require

require("train", "training networks", "torch")
