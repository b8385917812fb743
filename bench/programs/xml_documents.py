"""A document through ElementTree and minidom: built, written, parsed, searched and walked."""

import xml.dom.minidom
import xml.etree.ElementTree as ET

from inputs import syntax_data

DATA = syntax_data("heapq.py")


def build(data, parent):
    element = ET.SubElement(parent, data["node"])
    for name, value in data.items():
        children = value if isinstance(value, list) else [value]
        for child in children:
            if isinstance(child, dict):
                build(child, element)
            elif child is not None:
                element.set(name, repr(child))
    return element


def text_size(node):
    size = len(node.attributes or ())
    return size + sum(text_size(child) for child in node.childNodes)


def run():
    root = ET.Element("root")
    build(DATA, root)
    build(DATA, root)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    names = [element.get("id") for element in ET.fromstring(text).iterfind(".//Name[@id]")]
    document = xml.dom.minidom.parseString(text)
    return len(names), text_size(document), len(document.toxml())
