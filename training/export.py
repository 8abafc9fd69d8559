"""Writes a trained network as ONNX (opset 17, any batch and size, weights stored as float16 and computed in float32), and reads
its weights back."""

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

SMALL = 64


def write_onnx(network, path, source, result, example):
    """`source` and `result` are the names of the input and the output, each with those of its axes that may be of any size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    network = network.eval().float()
    torch.onnx.export(
        network.to(memory_format=torch.contiguous_format),
        (example,),
        str(path),
        input_names=[source[0]],
        output_names=[result[0]],
        dynamic_axes=dict([source, result]),
        opset_version=17,
        dynamo=False,
    )
    stored = stored_as_halves(onnx.load(path))
    onnx.checker.check_model(stored)
    onnx.save(stored, path)
    print(f"{path}: {path.stat().st_size} bytes")


def stored_as_halves(model):
    """Large float32 initializers become float16 ones and a Cast, which runtimes fold away when they load the file."""
    graph = model.graph
    casts, kept = [], []
    for held in graph.initializer:
        values = numpy_helper.to_array(held)
        if held.data_type != TensorProto.FLOAT or values.size <= SMALL:
            kept.append(held)
            continue
        kept.append(numpy_helper.from_array(values.astype(np.float16), f"{held.name}.half"))
        casts.append(helper.make_node("Cast", [f"{held.name}.half"], [held.name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    return model


@torch.no_grad()
def read_weights(network, path):
    """Gives a network the weights that its ONNX file holds: a training can go on where no checkpoint was kept."""
    graph = onnx.load(path).graph
    held = {tensor.name.removesuffix(".half"): numpy_helper.to_array(tensor) for tensor in graph.initializer}
    # Projections of sequences are products with [in, out] in the file, `Linear` holds [out, in].
    turned = {node.input[1] for node in graph.node if node.op_type == "MatMul"}
    for name, weight in network.named_parameters():
        values = held[name].T if name in turned else held[name]
        weight.copy_(torch.from_numpy(values.astype(np.float32)).reshape(weight.shape))
