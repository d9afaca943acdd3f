"""Writes an executed notebook as one HTML file that needs no network: export_html.py NOTEBOOK PLOTLY_JS TARGET TITLE

Each output that holds a Plotly figure becomes a live one: plotly.js goes into the page once, the figure's JSON
into the output, and its SVG stays visible until (or unless) the script has drawn.
"""

import base64
import html
import json
import os
import sys
from pathlib import Path

import nbformat
from jinja2 import DictLoader
from nbconvert import HTMLExporter

PLOTLY = "application/vnd.plotly.v1+json"

# The template of JupyterLab, less everything that it would load from elsewhere: require.js, MathJax, Mermaid.
TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{% block html_head_js %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
{% block jupyter_widgets %}{% endblock %}
{% block html_head_css %}
{{ super() }}
<style>.plotly-figure > img { max-width: 100%; height: auto; }</style>
{% endblock %}
"""

DRAW = """
<script>
for (const place of document.querySelectorAll('.plotly-figure')) {
  const figure = JSON.parse(place.querySelector('script').textContent);
  const target = document.createElement('div');
  place.append(target);
  const config = { responsive: true, displaylogo: false, ...figure.config };
  Plotly.newPlot(target, figure.data, figure.layout, config).then(
    () => place.querySelector('img')?.remove(),
    (error) => { target.remove(); console.error(error); },
  );
}
</script>
"""


def live_figure(bundle) -> str:
    """One output as HTML: the figure's values, and its picture until they are drawn."""
    values = json.dumps(bundle[PLOTLY], separators=(",", ":")).replace("<", "\\u003c")
    svg = bundle.get("image/svg+xml")
    picture = ""
    if svg:
        data = base64.b64encode("".join(svg).encode()).decode()
        alternative = html.escape("".join(bundle.get("text/plain", "figure")))
        picture = f'<img alt="{alternative}" src="data:image/svg+xml;base64,{data}">'
    return f'<div class="plotly-figure"><script type="application/json">{values}</script>{picture}</div>'


def main() -> None:
    source, plotly, target, title = sys.argv[1:]
    notebook = nbformat.read(source, as_version=4)
    figures = 0
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if PLOTLY in output.get("data", {}):
                output.data = nbformat.from_dict({"text/html": live_figure(output.data)})
                figures += 1

    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"record.html.j2": TEMPLATE})], template_file="record.html.j2"
    )
    page, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"name": title}})
    if figures:
        script = Path(plotly).read_text(encoding="utf-8")
        head, body = page.split("</head>", 1)
        start, end = body.rsplit("</body>", 1)
        page = f"{head}<script>{script}</script>\n</head>{start}{DRAW}</body>{end}"

    path = Path(target)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(page, encoding="utf-8")
    os.replace(temporary, path)


if __name__ == "__main__":
    main()
