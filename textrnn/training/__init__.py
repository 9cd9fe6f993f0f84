"""Training a network, in PyTorch. Needs the train extra."""
