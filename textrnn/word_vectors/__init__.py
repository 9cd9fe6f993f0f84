"""Word vectors: of a file or of a model's input; their neighbours, analogies, figures and maps."""
