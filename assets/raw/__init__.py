"""Code that lands source data in `raw` tables, unchanged in meaning."""
