"""A trained network → a model folder. Needs the train extra."""
