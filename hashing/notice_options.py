"""The options of `takeback notice`."""

from __future__ import annotations

import argparse

from hashing import argument_types


def add_actions(notice: argparse.ArgumentParser, *options: argparse.ArgumentParser) -> None:
    """Add what can be done with notices. `options`: server, case number, JSON."""
    actions = notice.add_subparsers(dest="action", required=True, metavar="ACTION")
    server, number, as_json = options

    def action(
        name: str, text: str, *of_action: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        return actions.add_parser(name, parents=of_action, help=text, description=f"{text}.")

    new = action("new", "Write a letter; nothing is kept without an option", server, number)
    new.add_argument(
        "address", nargs="+", type=argument_types.address, metavar="ADDRESS", help="where it is"
    )
    new.add_argument("--law", required=True, metavar="ID", help="such as US-TIDA or EU-DSA16")
    new.add_argument("--to", default="", metavar="NAME", help="the platform; an authority is known")
    filers = ["self", "holder", "agent", "guardian", "body"]
    new.add_argument("--filer", choices=filers, help="who you are")
    new.add_argument("--language", default="", metavar="TAG", help="of the letter, such as es")
    new.add_argument("--zone", default="UTC", help="your time zone: Europe/Madrid")
    either = new.add_mutually_exclusive_group()
    either.add_argument("--keep", action="store_true", help="keep it, with your name, as a draft")
    either.add_argument(
        "--sent", type=int, metavar="MINUTES", help="you sent it so long ago: keep only the clock"
    )
    action("list", "Show what became of your letters", server, number, as_json)
    pdf = action("pdf", "Make a PDF of a letter, on this device alone")
    pdf.add_argument(
        "letter", type=argument_types.path, metavar="LETTER", help="a file with its text"
    )
    pdf.add_argument("out", type=argument_types.path, metavar="PDF", help="the file to be made")
    pdf.add_argument(
        "--font", type=argument_types.path, metavar="FILE", help="a font that has all of its signs"
    )
