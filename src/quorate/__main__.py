"""``python -m quorate``: the command line, where the command itself is not on the path."""

from quorate.cli.entry import main

if __name__ == "__main__":
    main()
