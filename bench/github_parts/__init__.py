"""The parts of bench/github.py."""
