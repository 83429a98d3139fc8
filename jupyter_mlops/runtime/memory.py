"""Memory of arrays and tensors as out-of-band buffers, so that it is written once, mapped, and stays shared.

numpy and torch by themselves copy strided, datetime and tensor data into the stream and separate views from their base.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pickle import PickleBuffer
from typing import Any

from jupyter_mlops.runtime import rebuild
from jupyter_mlops.runtime.layout import Buffer

_PLAIN_KINDS = "biufcmMSUV"
_MOST_COMPARED = 64


class BufferList:
    """Collects the buffers of one stream, with the memory addresses of those that others may overlap.

    Arrays in `compact` (by id) are copied without the memory between their elements.
    """

    def __init__(self, compact: frozenset[int] = frozenset()) -> None:
        self.buffers: list[Buffer] = []
        self._strided: dict[int, Any] = {}  # position of the buffer -> array with gaps
        self.compact = compact
        self.private: set[int] = set()
        self._addresses: dict[int, tuple[int, Any]] = {}
        self._gaps: dict[int, Any] = {}
        self._alive: list[Any] = []

    def take(self, buffer: PickleBuffer) -> bool:
        """Pickle's buffer_callback: true puts the bytes in the stream."""
        try:
            view = buffer.raw()
        except BufferError:  # not contiguous
            return True
        address = self._addresses.pop(id(buffer), (None, None))[0]
        if id(buffer) in self._gaps:
            self._strided[len(self.buffers)] = self._gaps.pop(id(buffer))
        self.buffers.append(Buffer(view, address))
        return False

    def buffer(self, memory: Any, address: int = 0, gaps: Any = None) -> PickleBuffer:
        """A pickle buffer over `memory`, known to be at `address` (0: nothing else may share it)."""
        made = PickleBuffer(memory)
        self._alive.append(made)
        if address:
            self._addresses[id(made)] = (address, made)
        if gaps is not None:
            self._gaps[id(made)] = gaps
        return made

    def keep(self, thing: Any) -> None:
        """Keep an object alive as long as its address matters."""
        self._alive.append(thing)

    def better_compact(self) -> frozenset[int]:
        """Ids of arrays with gaps that share no element with the others: their elements alone are much less."""
        chosen = set()
        for position, array in self._strided.items():
            if len(self.buffers[position].view) > 2 * array.nbytes and not self._shares(position, array):
                chosen.add(id(array))
        return frozenset(chosen)

    def _shares(self, position: int, array: Any) -> bool:
        low, high = self._span(position)
        others = [
            other
            for other, buffer in enumerate(self.buffers)
            if other != position and buffer.address is not None and self._overlaps(other, low, high)
        ]
        if len(others) > _MOST_COMPARED or any(other not in self._strided for other in others):
            return bool(others)
        return any(_may_share(array, self._strided[other]) for other in others)

    def _span(self, position: int) -> tuple[int, int]:
        buffer = self.buffers[position]
        return buffer.address or 0, (buffer.address or 0) + len(buffer.view)

    def _overlaps(self, position: int, low: int, high: int) -> bool:
        start, end = self._span(position)
        return start < high and low < end


def numpy_array(memory: BufferList, array: Any) -> Any:
    """An array of plain elements: its bytes out of band, whatever its strides."""
    if array.dtype.kind not in _PLAIN_KINDS or array.dtype.hasobject or array.nbytes == 0:
        return NotImplemented
    address = 0 if id(array) in memory.private else array.__array_interface__["data"][0]
    if array.flags.c_contiguous:
        buffer = memory.buffer(array.reshape(-1).view("u1"), address)
        return rebuild.array, (buffer, array.dtype, array.shape)
    if array.flags.f_contiguous:
        buffer = memory.buffer(array.T.reshape(-1).view("u1"), address)
        return rebuild.array, (buffer, array.dtype, array.shape, array.strides)
    if not address or id(array) in memory.compact:
        copied = array.copy(order="C")
        return rebuild.array, (memory.buffer(copied.reshape(-1).view("u1")), array.dtype, array.shape)
    return _strided(memory, array, address)


def _strided(memory: BufferList, array: Any, address: int) -> Any:
    """A view with gaps: the whole stretch of memory from its first to its last byte."""
    numpy = importlib.import_module("numpy")
    reach = [(size - 1) * stride for size, stride in zip(array.shape, array.strides)]
    low = sum(step for step in reach if step < 0)
    length = sum(abs(step) for step in reach) + array.itemsize
    stretch = numpy.asarray(_Stretch(array, address + low, length))
    buffer = memory.buffer(stretch, address + low, array)
    return rebuild.array, (buffer, array.dtype, array.shape, array.strides, -low)


def _may_share(a: Any, b: Any) -> bool:
    numpy = importlib.import_module("numpy")
    try:
        return bool(numpy.shares_memory(a, b, max_work=10_000))
    except RuntimeError:  # too hard to tell
        return True


class _Stretch:
    """numpy's way to say: bytes at this address, alive as long as this object."""

    def __init__(self, owner: Any, address: int, length: int) -> None:
        self._owner = owner
        self.__array_interface__ = {
            "data": (address, not owner.flags.writeable),
            "shape": (length,),
            "typestr": "|u1",
            "version": 3,
        }


def pandas_block(memory: BufferList, block: Any) -> Any:
    """A block of a DataFrame under copy-on-write.

    pandas knows which blocks share memory by weak references that pickle drops; it would then write through. So its
    memory must not be shared after loading.
    """
    if _copies_on_write():
        values = block.values
        for part in (values, *(getattr(values, name, None) for name in ("_ndarray", "_data", "_mask", "_codes"))):
            if type(part).__name__ == "ndarray":
                memory.private.add(id(part))
                memory.keep(part)
    return NotImplemented


def _copies_on_write() -> bool:
    pandas = sys.modules["pandas"]
    if int(pandas.__version__.partition(".")[0]) >= 3:
        return True
    return bool(pandas.get_option("mode.copy_on_write") is True)


def torch_storage(memory: BufferList, storage: Any) -> Any:
    """A CPU storage; those of other devices take torch's own way."""
    torch = sys.modules["torch"]
    if storage.device.type != "cpu":
        return NotImplemented
    if storage.nbytes() == 0:
        return rebuild.empty_storage, ()
    data = torch.empty(0, dtype=torch.uint8).set_(storage).numpy()
    return rebuild.tensor_storage, (memory.buffer(data, storage.data_ptr()),)


def torch_typed_storage(_: BufferList, storage: Any) -> Any:
    """What a tensor's reduction holds: the untyped storage and a dtype."""
    untyped = storage._untyped_storage  # the public way warns
    return (
        NotImplemented if untyped.device.type != "cpu" else (rebuild.typed_storage, (untyped, vars(storage)["dtype"]))
    )


def torch_tensor(_: BufferList, tensor: Any) -> Any:
    """A tensor with its gradient, which torch leaves behind."""
    if not tensor.is_leaf or tensor.grad is None:
        return NotImplemented
    reduced = tensor.__reduce_ex__(5)
    return (*reduced, tensor.grad, None, None, rebuild.set_gradient) if len(reduced) == 2 else reduced


def xgboost_matrix(_: BufferList, matrix: Any) -> Any:
    """A DMatrix, which is a handle of a C library: its data as a sparse matrix, and what goes with it."""
    how = {name: matrix.get_float_info(name) for name in ("label", "weight", "base_margin")}
    how = {name: values for name, values in how.items() if len(values)}
    how |= {"feature_names": matrix.feature_names, "feature_types": matrix.feature_types}
    return rebuild.xgboost_matrix, (matrix.get_data(), how)


RULES: Mapping[tuple[str, str], Callable[[BufferList, Any], Any]] = {
    ("numpy", "ndarray"): numpy_array,
    ("xgboost.core", "DMatrix"): xgboost_matrix,
    ("torch", "Tensor"): torch_tensor,
    ("torch.nn.parameter", "Parameter"): torch_tensor,
    ("torch.storage", "UntypedStorage"): torch_storage,
    ("torch.storage", "TypedStorage"): torch_typed_storage,
    **{
        (f"pandas.core.internals.{module}", name): pandas_block
        for module in ("blocks", "managers")
        for name in ("Block", "NumpyBlock", "ExtensionBlock", "NDArrayBackedExtensionBlock", "DatetimeLikeBlock")
    },
}
