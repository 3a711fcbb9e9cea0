"""The notebooks: which there are, and each as one page that needs neither a network nor a kernel.

marimo's own HTML export loads its program from a content delivery network and shows nothing without one. The page made here
holds everything: text, formulas as MathML, the picture, the settings it was drawn at, and links that save picture and numbers.
"""

import ast
import html
import runpy
from pathlib import Path

from figures.build.layout import PAPER
from theory.errors import UserError

FOLDER = PAPER / "notebooks"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #111; background: white; }}
body {{ max-width: 80rem; margin: 1rem auto; padding: 0 1rem; }}
output {{ font-weight: 600; }}
.cwb-controls > div:has(> output) {{ display: flex; gap: 1rem; justify-content: space-between; align-items: baseline; }}
table {{ border-collapse: collapse; }}
td, th {{ border-bottom: 1px solid #ddd; padding: 0.2rem 0.8rem 0.2rem 0; text-align: left; vertical-align: top; }}
details {{ margin: 0.8rem 0; overflow-x: auto; }}
summary {{ cursor: pointer; }}
.paragraph {{ display: block; margin: 0.6rem 0; }}
{style}
</style>
</head>
<body>
{body}
<hr>
<p>A page without sliders, made from the notebook <code>{name}</code>. <code>cwb explore {name}</code> opens the notebook itself,
where they move.</p>
</body>
</html>
"""


def notebooks(folder: Path = FOLDER) -> dict[str, Path]:
    """{name: file} of the marimo notebooks in a folder, in alphabetical order. Raises UserError if there are none."""
    paths = sorted(folder.glob("*.py")) if folder.is_dir() else []
    found = {path.stem: path for path in paths if "app = marimo.App(" in path.read_text(encoding="utf-8")}
    if not found:
        raise UserError(f"no notebooks in {folder}: get the whole repository, they are in paper/notebooks")
    return found


def summary(notebook: Path) -> str:
    """The first sentence of a notebook's docstring."""
    text = ast.get_docstring(ast.parse(notebook.read_text(encoding="utf-8"))) or notebook.stem
    return " ".join(text.split()).split(". ")[0].rstrip(".") + "."


def page(notebook: Path) -> str:
    """The notebook, run from top to bottom, as one HTML page that needs no other file and no network."""
    outputs, _ = runpy.run_path(str(notebook))["app"].run()
    body = "\n".join(f"<section>{output.text}</section>" for output in outputs if hasattr(output, "text"))
    style = (notebook.parent / "notebooks.css").read_text(encoding="utf-8")
    return PAGE.format(title=html.escape(summary(notebook)), name=notebook.stem, style=style, body=body)
