"""Formulas as MathML, which browsers draw by themselves.

MathJax, Sphinx's default, is a script from another site: formulas would need the
network, and readers would tell that site what they read.
"""

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml


def visit_inline(translator, node):
    """Write a formula within a line."""
    translator.body.append(to_mathml(node, as_block=False))
    raise nodes.SkipNode


def visit_block(translator, node):
    """Write a formula on lines of its own."""
    translator.body.append(
        f'<div class="formula">{to_mathml(node, as_block=True)}</div>'
    )
    raise nodes.SkipNode


def to_mathml(node, as_block):
    """Return the MathML of a formula in LaTeX."""
    # Parentheses of MathML grow with what they hold, and docutils does not know \Big.
    text = node.astext().replace(r"\Big", "").replace("\n", " ").strip()
    return tex2mathml(text, as_block=as_block)


def setup(app):
    """Make this the renderer of formulas."""
    app.add_html_math_renderer(
        "mathml",
        inline_renderers=(visit_inline, None),
        block_renderers=(visit_block, None),
    )
    return {"parallel_read_safe": True, "parallel_write_safe": True}
