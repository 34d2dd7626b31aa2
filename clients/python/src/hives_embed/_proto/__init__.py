"""Generated from proto/hives by generate.py; never edited."""
