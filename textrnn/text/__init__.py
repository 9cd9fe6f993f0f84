"""Text in: records of a file, and the symbols of a text."""
