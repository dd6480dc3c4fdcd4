"""What a feature does to the logits: the gradient of each with respect to the rows."""

import numpy as np
import torch

from ._layers import DenseLinear, SparseLinear


def feature_effects(net, dataset, through="both"):
    """Return the mean gradient of the logits with respect to the rows.

    Parameters
    ----------
    net : MultiTaskNet

    dataset : RowDataset
        Rows to take the mean over; the private path is linear and the same for all.

    through : {"both", "private", "trunk"}, default="both"
        Which paths from the rows to the logits to follow.

    Returns
    -------
    effects : list of ndarray of shape (n_features, n_classes)
        For each task; see ``TaskType.effects``.

    Raises
    ------
    ValueError
        If there is no such path, or rows are sequences of tokens.
    """
    if net.module__spec.tokens:
        raise ValueError(
            "The trunk reads tokens in their order, so no feature has an effect of its "
            "own. Use trunk='bag', or a tool that leaves words out of a text."
        )
    net._set_training(False)
    layers = _input_layers(net.module_, through)
    slopes = dict.fromkeys(layers, 0.0)
    outputs = {}

    def keep(layer, _, output):
        # Cut off from the layer: what is before it is linear and needs no backward
        # pass, and frozen weights would leave nothing to go back to.
        outputs[layer] = output.detach().requires_grad_()
        return outputs[layer]

    handles = [layer.register_forward_hook(keep) for layer in layers]
    try:
        for rows, _ in net.get_iterator(dataset):
            with torch.enable_grad():
                by_task = net.module_(rows.to(net.device))
                logits = torch.cat(by_task, dim=1).sum(0)
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
    total = sum(_to_rows(layer, slopes[layer] / len(dataset)) for layer in layers)
    ends = np.cumsum([logits.shape[1] for logits in by_task])
    parts = np.split(total, ends[:-1], axis=1)
    return [task.effects(part) for part, task in zip(parts, net.tasks, strict=True)]


def _input_layers(module, through):
    """Return the layers that read rows, on one path or on both."""
    layers = [
        (name, layer)
        for name, layer in module.named_modules()
        if isinstance(layer, SparseLinear | DenseLinear)
    ]
    wanted = [
        layer
        for name, layer in layers
        if through == "both" or ("private" in name.split(".")) == (
            through == "private"
        )
    ]  # fmt: skip
    if not wanted:
        raise ValueError(
            f"through={through!r}: the network has no such path. Use 'both'."
        )
    return wanted


def _to_rows(layer, slopes):
    """From slopes of the layer's outputs to those of its inputs, (n_features, ...)."""
    weight = layer.by_feature()
    return (layer.scale * weight @ slopes.to(weight).t()).cpu().numpy()
