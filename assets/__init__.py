"""What exists: sources, the code that fills tables, and the models behind it. Knows nothing of Dagster or DuckDB."""
