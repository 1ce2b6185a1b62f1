"""`python -m mediaserver` is the command `mediaserver`."""

from mediaserver.cli import main

if __name__ == "__main__":
    main()
