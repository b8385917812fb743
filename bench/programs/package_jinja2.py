"""Jinja2 (PyPI): a template compiled and rendered over a module's syntax tree."""

import jinja2

from inputs import syntax_data

TREE = syntax_data("heapq.py")
TEMPLATE = """
{%- macro show(node) -%}
<li>{{ node.node | lower }}{% for name, value in node.items() if name != "node" %}
  {%- if value is mapping %}<ul>{{ show(value) }}</ul>
  {%- elif value is string %} {{ name }}="{{ value | truncate(20) | e }}"
  {%- elif value is sequence %}<ul>{% for item in value if item is mapping %}{{ show(item) }}
  {%- endfor %}</ul>
  {%- elif value is not none %} {{ name }}={{ value }}{% endif %}
{%- endfor %}</li>
{%- endmacro -%}
<h1>{{ title | title }}</h1>
{% for node in tree.body %}<ul id="n{{ loop.index }}">{{ show(node) }}</ul>
{% endfor %}"""


def run():
    environment = jinja2.Environment(autoescape=True)
    template = environment.from_string(TEMPLATE)
    return sum(len(template.render(title=title, tree=TREE)) for title in ("heaps", "queues", "both"))
