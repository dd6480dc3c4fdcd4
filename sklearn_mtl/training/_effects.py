"""Effects of features: the gradient of the logits with respect to the rows."""

from copy import deepcopy

import numpy as np
import torch

from ..network._input import SparseLinear


def feature_effects(net, dataset, through="both"):
    """Return the mean gradient of the logits with respect to the rows.

    Parameters
    ----------
    net : MultiTaskNet

    dataset : RowDataset
        Rows to average over. The gradient of the private path is the same for all rows.

    through : {"both", "private", "trunk"}, default="both"
        Which paths from the rows to the logits to follow.

    Returns
    -------
    effects : list of ndarray of shape (n_features, n_classes)
        One array per task; see ``TaskType.effects``.

    Raises
    ------
    ValueError
        If there is no such path, if rows are token sequences, or if the trunk does not
        read sparse rows through an input layer.
    """
    if net.module__spec.tokens:
        raise ValueError(
            "The trunk reads sequences of tokens, so a single feature has no effect of "
            "its own. Use trunk='bag', or a tool that removes words from a text."
        )
    net._set_training(False)
    module = with_same_weights(net.module_)
    if not net.module__spec.sparse:
        total = _effects_of_dense(net, module, dataset, through)
    elif getattr(net.module__trunk, "is_opaque", False) and through != "private":
        raise ValueError(
            f"{type(net.module__trunk).__name__} reads sparse rows without "
            "input_layer, so the effects of features are unknown. Use "
            "through='private', or dense rows with reads='dense'."
        )
    else:
        total = _effects_of_sparse(net, module, dataset, through)
    # A task may have more logits after its link than before it.
    ends = np.cumsum([z.shape[1] for z in net.forward(dataset.take(slice(0, 1)))])
    parts = np.split(total / len(dataset), ends[:-1], axis=1)
    return [task.effects(part) for part, task in zip(parts, net.tasks, strict=True)]


def with_same_weights(module):
    """Return a copy of a module whose hooks do not affect the original.

    This is needed because another thread may be predicting. Weights are shared, not
    copied.
    """
    weights = (*module.parameters(), *module.buffers())
    return deepcopy(module, {id(weight): weight for weight in weights})


def _effects_of_dense(net, module, dataset, through):
    """Sum the gradients with respect to dense rows, for any network."""
    private = [m for n, m in module.named_modules() if "private" in n.split(".")]
    has_path = {"both": True, "private": private, "trunk": net.module__trunk}
    if not has_path[through]:
        raise _no_path(through)
    whole = _row_gradients(net, module, dataset) if through != "trunk" else 0.0
    if through == "both":
        return whole
    # A detached private path adds nothing to the gradient.
    handles = [m.register_forward_pre_hook(_detach_inputs) for m in private]
    try:
        trunk = _row_gradients(net, module, dataset)
    finally:
        for handle in handles:
            handle.remove()
    return trunk if through == "trunk" else whole - trunk


def _detach_inputs(module, inputs):
    return tuple(part.detach() for part in inputs)


def _row_gradients(net, module, dataset):
    """Sum the gradient of each logit over the rows, (n_features, n_logits)."""
    total = 0.0
    for rows, _ in net.get_iterator(dataset):
        rows = rows.to(net.device, copy=True).requires_grad_()
        with torch.enable_grad():
            logits = torch.cat(module(rows).logits, dim=1).sum(0)
        if not logits.requires_grad:  # no path is left
            return np.zeros((rows.shape[1], len(logits)))
        found = [torch.autograd.grad(z, rows, retain_graph=True)[0] for z in logits]
        total = total + torch.stack([g.sum(0) for g in found], dim=1)
    return total.cpu().numpy()


def _effects_of_sparse(net, module, dataset, through):
    """Sum the gradients at the outputs of sparse layers, then map them to features."""
    layers = _input_layers(module, through)
    slopes = dict.fromkeys(layers, 0.0)
    outputs = {}

    def keep(layer, _, output):
        # Detached, because the layer is linear and needs no backward pass. A backward
        # pass would also stop at frozen weights.
        outputs[layer] = output.detach().requires_grad_()
        return outputs[layer]

    handles = [layer.register_forward_hook(keep) for layer in layers]
    try:
        for rows, _ in net.get_iterator(dataset):
            with torch.enable_grad():
                logits = torch.cat(module(rows.to(net.device)).logits, dim=1).sum(0)
            products = [outputs[layer] for layer in layers]
            found = [
                torch.autograd.grad(
                    logit, products, retain_graph=True, allow_unused=True
                )
                for logit in logits
            ]
            for layer, gradients in zip(layers, zip(*found, strict=True), strict=True):
                sums = [
                    torch.zeros_like(layer.bias) if g is None else g.sum(0)
                    for g in gradients
                ]
                slopes[layer] = slopes[layer] + torch.stack(sums).detach()
    finally:
        for handle in handles:
            handle.remove()
    return sum(_to_rows(layer, slopes[layer]) for layer in layers)


def _input_layers(module, through):
    """Return the layers that read rows on the selected paths."""
    layers = [
        (name, layer)
        for name, layer in module.named_modules()
        if isinstance(layer, SparseLinear)
    ]
    wanted = [
        layer
        for name, layer in layers
        if through == "both" or ("private" in name.split(".")) == (
            through == "private"
        )
    ]  # fmt: skip
    if not wanted:
        raise _no_path(through)
    return wanted


def _no_path(through):
    return ValueError(
        f"through={through!r}, but the network has no such path. Use 'both'."
    )


def _to_rows(layer, slopes):
    """Map gradients at a layer's outputs to its inputs, (n_features, ...)."""
    weight = layer.by_feature()
    return (layer.scale * weight @ slopes.to(weight).t()).cpu().numpy()
