"""Code behind `indicators` tables: what fills those that Python computes, and their pictures."""
