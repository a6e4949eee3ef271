"""When and how things run: definitions, settings, the warehouse, checks, jobs, schedules, command line."""
