"""configparser and csv: settings and rows written and read."""

import configparser
import csv
import io

from inputs import documentation

WORDS = documentation(150000).split()


def settings():
    parser = configparser.ConfigParser()
    for section in range(45):
        name = f"section {section}"
        parser[name] = {
            f"key{i}": WORDS[section * 20 + i].replace("%", "%%") for i in range(20)
        }
        parser[name]["path"] = "%(key0)s/%(key1)s"
    file = io.StringIO()
    parser.write(file)
    again = configparser.ConfigParser()
    again.read_string(file.getvalue())
    return sum(len(value) for name in again.sections() for value in again[name].values())


def rows():
    file = io.StringIO()
    names = ["number", "word", "size", "upper"]
    writer = csv.DictWriter(file, names)
    writer.writeheader()
    for number, word in enumerate(WORDS[:12000]):
        writer.writerow(dict(zip(names, (number, word, len(word), word.upper()))))
    file.seek(0)
    return sum(int(row["size"]) for row in csv.DictReader(file))


def run():
    return settings(), rows()
