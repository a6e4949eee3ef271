"""Pure functions: numbers in, numbers out. Imports nothing of the project."""
