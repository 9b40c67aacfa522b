"""The parts of `./run bench frontier`."""
