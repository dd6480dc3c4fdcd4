"""What a Python source file documents, and labels derived from its code.

Nothing is imported or run. The source is parsed, and every label comes from the syntax
tree or the name, never from the docstring.
"""

import ast

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# Nested scopes: a `return` or `self` inside these does not belong to the outer body.
_SCOPES = (*_FUNCTIONS, ast.ClassDef, ast.Lambda)
# Expressions are not searched, because definitions are always statements.
_HOLD_STATEMENTS = (ast.stmt, ast.ExceptHandler, ast.match_case)


def documented_definitions(tree):
    """Yield every documented module, class and function of a parsed module.

    Parameters
    ----------
    tree : ast.Module
        Result of `ast.parse`.

    Yields
    ------
    qualified_name : str
        Dotted name within the module; empty for the module itself.
    text : str
        The docstring, cleaned by `inspect.cleandoc`.
    labels : dict of str to (str or None)
        Labels from the code: `"kind"`, `"visibility"`, `"returns"`, `"n_parameters"`
        and `"state"`. None if a label does not apply.
    """
    for definition, owners in _definitions(tree, ()):
        text = ast.get_docstring(definition)
        if text is not None:
            names = [*(owner.name for owner in owners)]
            if not isinstance(definition, ast.Module):
                names.append(definition.name)
            yield ".".join(names), text, _labels(definition, owners)


def _definitions(node, owners):
    """Yield (definition, enclosing classes and functions) in the order of the file."""
    if isinstance(node, (ast.Module, ast.ClassDef, *_FUNCTIONS)):
        yield node, owners
        if not isinstance(node, ast.Module):
            owners = (*owners, node)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _HOLD_STATEMENTS):
            yield from _definitions(child, owners)


def _labels(definition, owners):
    kind = _kind(definition, owners)
    labels = {
        "kind": kind,
        "visibility": _visibility(definition, owners),
        "returns": None,
        "n_parameters": None,
        "state": None,
    }
    if isinstance(definition, _FUNCTIONS):
        labels["n_parameters"] = _parameter_count(definition, kind)
        # An empty body, such as that of an abstract method, gives no labels.
        if not _is_stub(definition):
            body = list(_own_nodes(definition))
            labels["returns"] = _returns(body)
            if kind in ("method", "property"):
                labels["state"] = _state(definition, body)
    return labels


def _kind(definition, owners):
    if isinstance(definition, ast.Module):
        return "module"
    if isinstance(definition, ast.ClassDef):
        return "class"
    if not owners or not isinstance(owners[-1], ast.ClassDef):
        return "function"
    for decorator in map(_last_name, definition.decorator_list):
        # cached_property and property setters count as properties.
        if decorator.endswith("property") or decorator in ("setter", "deleter"):
            return "property"
        if decorator in ("classmethod", "staticmethod"):
            return decorator
    return "method"


def _last_name(decorator):
    """Return `c` for `@a.b.c` and for `@a.b.c(...)`."""
    if isinstance(decorator, ast.Call):
        decorator = decorator.func
    return getattr(decorator, "attr", getattr(decorator, "id", ""))


def _visibility(definition, owners):
    """Return "public", "private" or "special", by the names; None for a module."""
    if isinstance(definition, ast.Module):
        return None
    name = definition.name
    if name.startswith("__") and name.endswith("__"):
        return "special"
    local = any(isinstance(owner, _FUNCTIONS) for owner in owners)
    hidden = any(owner.name.startswith("_") for owner in owners)
    return "private" if local or hidden or name.startswith("_") else "public"


def _parameter_count(function, kind):
    """Count the parameters of a call: *args counts as one, the bound self as none."""
    arguments = function.args
    count = len(arguments.posonlyargs + arguments.args + arguments.kwonlyargs)
    count += (arguments.vararg is not None) + (arguments.kwarg is not None)
    if kind in ("method", "property", "classmethod"):
        count = max(count - 1, 0)
    if count >= 5:
        return "5 or more"
    return "3 or 4" if count >= 3 else str(count)


def _is_stub(function):
    """Whether the body after the docstring is only `pass`, `...` or a raise."""
    return all(
        isinstance(statement, (ast.Pass, ast.Raise))
        or (
            isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Constant)
        )
        for statement in function.body
    )


def _own_nodes(function):
    """Yield the nodes of a body, without nested functions and classes."""
    pending = list(function.body)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, _SCOPES):
            pending.extend(ast.iter_child_nodes(node))


def _returns(body):
    if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in body):
        return "generator"
    values = (node.value for node in body if isinstance(node, ast.Return))
    if any(
        value is not None
        and not (isinstance(value, ast.Constant) and value.value is None)
        for value in values
    ):
        return "value"
    return "nothing"


def _state(method, body):
    """Return what a method does to the attributes of its object."""
    positional = method.args.posonlyargs + method.args.args
    if not positional:
        return None
    contexts = [
        node.ctx
        for node in body
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == positional[0].arg
    ]
    if any(isinstance(context, (ast.Store, ast.Del)) for context in contexts):
        return "changed"
    return "read" if contexts else "untouched"
