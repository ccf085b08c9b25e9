"""The parts of bench/sources.py."""
