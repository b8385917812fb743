"""argparse and shlex: a parser with subcommands built, asked for help, and given command lines."""

import argparse
import shlex

LINES = [
    "--verbose add 'first item' second --tag a --tag b --count 3",
    "-v -v list --format json --limit 20",
    "--config=settings.ini remove 1 2 3 4 --force",
    "list --limit 5 --reverse",
]


def make_parser():
    parser = argparse.ArgumentParser(prog="tool", description="Keeps lists of items.", add_help=True)
    parser.add_argument("-v", "--verbose", action="count", default=0, help="say more")
    parser.add_argument("--config", metavar="FILE", help="where the settings are")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="add items")
    add.add_argument("items", nargs="+")
    add.add_argument("--tag", action="append", default=[], help="may be given more than once")
    add.add_argument("--count", type=int, default=1, help="how many of each (default: %(default)s)")
    show = commands.add_parser("list", help="show items")
    show.add_argument("--format", choices=["text", "json", "csv"], default="text")
    show.add_argument("--limit", type=int)
    show.add_argument("--reverse", action="store_true")
    remove = commands.add_parser("remove", help="remove items")
    remove.add_argument("numbers", type=int, nargs="*")
    remove.add_argument("--force", action=argparse.BooleanOptionalAction)
    return parser


def run():
    size = 0
    for _ in range(45):
        parser = make_parser()
        parser.formatter_class = lambda prog: argparse.HelpFormatter(prog, width=80)
        for line in LINES:
            size += len(vars(parser.parse_args(shlex.split(line))))
        size += len(parser.format_help()) > 0
    return size
