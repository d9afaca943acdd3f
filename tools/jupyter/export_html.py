"""Writes the cells of a notebook as HTML, code folded: an .ipynb comes in, what stands in the <body> of a page goes out.

notebookPage.ts makes the page around it.
"""

import sys

import nbformat
from jinja2 import DictLoader
from nbconvert import HTMLExporter

TEMPLATE = """
{%- extends 'display_priority.j2' -%}
{% block header %}{% endblock %}
{% block markdowncell %}{{ cell.source | markdown2html }}
{% endblock %}
{% block rawcell %}{% endblock %}
{% block input %}
<details class="code"><summary>Code</summary>{{ cell.source | highlight_code(metadata=cell.metadata) }}</details>
{% endblock %}
{% block output %}<div class="output">{{ super() }}</div>
{% endblock %}
{% block stream %}<pre>{{ output.text | ansi2html }}</pre>{% endblock %}
{% block error %}<pre>{{ output.traceback | join('\n') | ansi2html }}</pre>{% endblock %}
{% block data_html %}{{ output.data['text/html'] }}{% endblock %}
{% block data_markdown %}{{ output.data['text/markdown'] | markdown2html }}{% endblock %}
{% block data_png %}<img alt="" src="data:image/png;base64,{{ output.data['image/png'] }}">{% endblock %}
{% block data_jpg %}<img alt="" src="data:image/jpeg;base64,{{ output.data['image/jpeg'] }}">{% endblock %}
{% block data_latex %}<pre>{{ output.data['text/latex'] | escape_html }}</pre>{% endblock %}
{% block data_text %}<pre>{{ output.data['text/plain'] | ansi2html }}</pre>{% endblock %}
"""


def main() -> None:
    notebook = nbformat.reads(sys.stdin.buffer.read().decode(), as_version=4)
    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"cells.html.j2": TEMPLATE})], template_file="cells.html.j2"
    )
    body, _ = exporter.from_notebook_node(notebook)
    sys.stdout.buffer.write(body.encode())


if __name__ == "__main__":
    main()
