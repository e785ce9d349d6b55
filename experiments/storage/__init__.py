"""Run directories, atomic writes, locks, serialisation and the record of the environment."""
