"""Training: what the `training:` of a spec describes, as objects of torch.

    loss = training.loss(spec)
    optimizer = training.optimizer(spec, model)
    schedule = training.schedule(spec, optimizer, steps_per_epoch=len(batches))

Each takes the path of a spec or its graph (`archspec.load_graph`), and raises ValueError where the spec has no such
part. The data itself is `graph.training`.
"""

from __future__ import annotations

from archspec.tools.training.averaging import average
from archspec.tools.training.clipping import clip_gradients
from archspec.tools.training.loss import loss
from archspec.tools.training.optimizer import optimizer
from archspec.tools.training.schedule import schedule

__all__ = ["average", "clip_gradients", "loss", "optimizer", "schedule"]
