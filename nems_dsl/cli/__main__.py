"""``python -m nems_dsl.cli``, where the command is not on the path."""

from . import main

main()
