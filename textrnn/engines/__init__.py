"""Running a saved network: arrays in, arrays out."""
