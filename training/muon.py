"""Muon (Jordan 2024), an optimiser for matrices and kernels: momentum whose directions are all made equally long.

Biases, gains and embeddings want AdamW beside it.
"""

import torch


def orthogonal(matrix):
    """The nearest semi-orthogonal matrix, roughly: five Newton-Schulz steps with Jordan's coefficients (Muon, 2024).

    A step multiplies x by a polynomial of x x^T from the left, so the steps are made on that small square matrix, and the
    large one is multiplied once.
    """
    x = matrix / (matrix.norm() + 1e-7)
    square, turn = x @ x.T, None
    for _ in range(5):
        step = torch.addmm(square, square, square, beta=-4.775, alpha=2.0315)
        step.diagonal().add_(3.4445)
        square = step @ square @ step
        turn = step if turn is None else step @ turn
    return turn @ x


class Muon(torch.optim.Optimizer):
    """Steps of equal size in all directions of a weight's matrix; as large as AdamW's on average.

    Where weights are badly conditioned, as without normalisation layers, it learns in half the steps that AdamW wants.
    """

    def __init__(self, weights, rate, momentum=0.95, weight_decay=0.0):
        super().__init__(weights, {"lr": rate, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                held = self.state[weight].setdefault("mean", torch.zeros_like(weight))
                held.lerp_(weight.grad, 1 - group["momentum"])
                ahead = weight.grad.lerp(held, group["momentum"]).flatten(1)
                turned = orthogonal(ahead if ahead.shape[0] <= ahead.shape[1] else ahead.T)
                turned = turned if ahead.shape[0] <= ahead.shape[1] else turned.T
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.sub_(turned.reshape(weight.shape), alpha=group["lr"] * 0.2 * max(ahead.shape) ** 0.5)
