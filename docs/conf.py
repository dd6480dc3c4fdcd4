"""Settings of the site: ``python -m sphinx -W -n --keep-going docs docs/_build/html``.

Nothing here needs the network. ``SKLEARN_MTL_INTERSPHINX=1`` links names of other
libraries to their documentation, which does.
"""

import os
import re
import shutil
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_ext")]
# The fits of examples are small: more threads would make them slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import sklearn_mtl  # noqa: E402

project = "sklearn_mtl"
author = "The sklearn_mtl developers"
copyright = f"2026, {author}"
version = release = sklearn_mtl.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "root_pages",
    "llms",
    "mathml",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "gallery/*.ipynb", "gallery/*.py", "images"]
default_role = "literal"
nitpicky = True
# The documentation of these is elsewhere; see SKLEARN_MTL_INTERSPHINX.
nitpick_ignore_regex = [
    (r"py:.*", r"(sklearn|skorch|torch|numpy|scipy|pandas|joblib|matplotlib|skops)\b.*")
]
nitpick_ignore = [("py:obj", "idf_")]  # a property of scikit-learn's class
if os.environ.get("SKLEARN_MTL_INTERSPHINX"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "matplotlib": ("https://matplotlib.org/stable/", None),
        "numpy": ("https://numpy.org/doc/stable/", None),
        "pandas": ("https://pandas.pydata.org/docs/", None),
        "python": ("https://docs.python.org/3/", None),
        "scipy": ("https://docs.scipy.org/doc/scipy/", None),
        "sklearn": ("https://scikit-learn.org/stable/", None),
        "skorch": ("https://skorch.readthedocs.io/en/stable/", None),
        "torch": ("https://docs.pytorch.org/docs/stable/", None),
    }

# API reference -----------------------------------------------------------------------

autosummary_generate = True
autosummary_imported_members = True
autodoc_typehints = "none"  # docstrings say types in words
numpydoc_show_class_members = False  # the template lists them
numpydoc_class_members_toctree = False
numpydoc_xref_param_type = False
add_module_names = False
toc_object_entries_show_parents = "hide"
smartquotes = False  # quotes in docstrings are those of Python

# Pages in Markdown -------------------------------------------------------------------

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# Gallery -----------------------------------------------------------------------------

# Scripts alone: a folder in examples/ with a README would become a gallery as well.
scripts = ROOT / "docs" / "_build" / "examples"
shutil.rmtree(scripts, ignore_errors=True)
scripts.mkdir(parents=True)
for path in [*(ROOT / "examples").glob("*.py"), ROOT / "examples/GALLERY_HEADER.rst"]:
    shutil.copy2(path, scripts)

warnings.filterwarnings("ignore", category=UserWarning, message=".*non-interactive.*")
sphinx_gallery_conf = {
    "examples_dirs": [str(scripts)],
    "gallery_dirs": ["gallery"],
    # The others take more than 20 seconds; their pages show the code.
    "filename_pattern": r"/(plot_|calibrate_|cross_validate_)",
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("sklearn_mtl",),
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 10_000,
    "remove_config_comments": True,
    "capture_repr": (),
    "abort_on_example_error": True,
    "write_computation_times": False,
}

# HTML --------------------------------------------------------------------------------

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "sklearn_mtl"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "sklearn_mtl"},
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {"results": [], "changelog": []}


def skip_foreign_members(app, what, name, obj, skip, options):
    """Leave out what a class inherits from other libraries, which document it."""
    function = getattr(obj, "fget", obj)  # of a property
    module = getattr(function, "__module__", None) or ""
    return skip or not module.startswith("sklearn_mtl")


def prepare_types(app, what, name, obj, options, lines):
    """Make lines such as ``n_iter_, best_iter_ : int`` what numpydoc can read."""
    # Raw docstrings, which formulas need, keep the backslash of a type on two lines.
    lines[:] = re.sub(r" *(?<!\\)\\\n *", " ", "\n".join(lines)).split("\n")
    for number, line in enumerate(lines):
        if re.match(r"\w[\w, ]* : ", line):
            # An underscore before a comma or bracket would be a link.
            lines[number] = re.sub(r"(?<=\w)_(?=[,)])", r"\_", line)


def setup(app):
    """Connect the functions above."""
    # Before numpydoc, which takes the sections apart.
    app.connect("autodoc-process-docstring", prepare_types, priority=100)
    app.connect("autodoc-skip-member", skip_foreign_members)
