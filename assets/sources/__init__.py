"""Places data comes from, one module each, behind small ports. No adapter writes anything."""
