"""Make ganzoo/data/mnist-mini.safetensors: the first 200 training and 100 test digits of a class.

    GANZOO_DATA=... python tools/make_mnist_mini.py

MNIST by Yann LeCun, Corinna Cortes and Christopher Burges, CC BY-SA 3.0; the digits and their
order within the original files are unchanged.
"""

from __future__ import annotations

import json

import torch
from safetensors.torch import save_file

from ganzoo.data.mnist import MINI, read_or_fetch

tensors, attribution = (
    {},
    {
        "source": "MNIST, Y. LeCun, C. Cortes and C. J. C. Burges",
        "license": "CC-BY-SA-3.0",
        "changes": "the first 200 training and 100 test images of each class, in their order",
    },
)
for split, count in (("train", 200), ("test", 100)):
    images, labels = read_or_fetch("MNIST", split)
    rows = torch.cat([(labels == digit).nonzero()[:count, 0] for digit in range(10)])
    rows = rows.sort().values
    tensors[f"{split}.images"] = images[rows].contiguous()
    tensors[f"{split}.labels"] = labels[rows].contiguous()
save_file(tensors, MINI, metadata={"ganzoo": json.dumps(attribution, sort_keys=True)})
print(MINI, MINI.stat().st_size, "bytes")
