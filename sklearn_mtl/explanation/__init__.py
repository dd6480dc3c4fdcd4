"""What each word adds to the answers for a text; without torch."""

from ._explain import explain
from ._result import ExplainedAnswer, Explanation, Explanations

__all__ = ["ExplainedAnswer", "Explanation", "Explanations", "explain"]
