"""`python -m experiments.command_line` is `likelihood-curvature`."""

from experiments.command_line import main

if __name__ == "__main__":
    main()
