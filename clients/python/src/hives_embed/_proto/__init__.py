"""Generated from proto/hives/v1 by generate.py; never edited."""
