"""`python -m numloss` is the command `numloss`."""

from .cli import main

main(prog_name="numloss")
