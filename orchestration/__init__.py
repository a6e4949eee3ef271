"""When and how things run: definitions, settings, the warehouse, checks, jobs, schedules, command line."""

import os

# Settled before anything brings numpy. Sums by several threads of linear algebra depend on how many there are, and on
# matrices as small as ours the threads wait for each other; DuckDB has use for the cores.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
