"""`python -m hashing` is `takeback`."""

from hashing.cli import main

if __name__ == "__main__":
    main()
