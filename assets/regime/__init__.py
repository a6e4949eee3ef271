"""Code behind `regime` tables: what fills those that Python computes."""
