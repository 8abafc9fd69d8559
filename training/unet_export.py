"""Writes `atelier-unet` and `atelier-text` as ONNX, their weights under the names of their modules."""
import io
import warnings

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from export import stored_as_halves
from unet_model import TEXT, TOKENS

OPSET = 17


def exported(module, inputs, names, output, dynamic):
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        # Without constant folding weights keep their names.
        torch.onnx.export(
            module.eval(), inputs, file, input_names=names, output_names=[output], dynamic_axes=dynamic,
            opset_version=OPSET, dynamo=False, do_constant_folding=False,
        )  # fmt: skip
    model = onnx.load_from_string(file.getvalue())
    fold(model.graph)
    model.graph.name = "atelier"
    model.producer_name, model.producer_version = "craquelure training", ""
    for node in model.graph.node:
        node.ClearField("doc_string")
    return model


def fold(graph):
    """Transposed and unsqueezed weights are stored so, under their own names: a projection's is [in, out]."""
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    constants = {node.output[0]: node.attribute[0].t for node in graph.node if node.op_type == "Constant"}
    # The exporter stores equal weights once and says Identity.
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
    renamed, kept = {}, []
    for node in graph.node:
        name = node.input[0] if node.input else None
        if name not in values or node.op_type not in ("Identity", "Transpose", "Unsqueeze"):
            kept.append(node)
        elif node.op_type == "Transpose":
            renamed[node.output[0]], values[name] = name, values[name].transpose(node.attribute[0].ints)
        elif node.op_type == "Unsqueeze":
            axes = numpy_helper.to_array(constants[node.input[1]]).tolist()
            renamed[node.output[0]], values[name] = name, np.expand_dims(values[name], axes)
    for node in kept:
        node.input[:] = [renamed.get(name, name) for name in node.input]
    used = {name for node in kept for name in node.input}
    del graph.node[:], graph.initializer[:]
    graph.node.extend(node for node in kept if node.op_type != "Constant" or node.output[0] in used)
    graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in values.items() if name in used
    )


def unet_onnx(unet, size=32):
    n = {0: "n"}
    latent = {**n, 2: "h", 3: "w"}
    inputs = (torch.randn(2, 4, size, size), torch.tensor([1, 2]), torch.randn(2, TOKENS, TEXT))
    names = ["sample", "timestep", "encoder_hidden_states"]
    dynamic = {"sample": latent, "timestep": n, "encoder_hidden_states": n, "out_sample": latent}
    return exported(unet, inputs, names, "out_sample", dynamic)


def text_onnx(text):
    dynamic = {"input_ids": {0: "n"}, "last_hidden_state": {0: "n"}}
    return exported(text, (torch.zeros(2, TOKENS, dtype=torch.int64),), ["input_ids"], "last_hidden_state", dynamic)


def save(model, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = stored_as_halves(model)
    onnx.checker.check_model(stored, full_check=True)
    onnx.save(stored, path)
