"""What is trained, in PyTorch; each module also writes itself as ONNX nodes. Needs the train extra."""
