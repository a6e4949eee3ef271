"""Code that fills `reference` tables which are computed rather than maintained by hand."""
