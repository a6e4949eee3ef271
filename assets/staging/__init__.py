"""Code that fills `staging` tables which Python computes."""
