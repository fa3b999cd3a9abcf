# SPDX-License-Identifier: GPL-3.0-or-later
"""Model packs: a folder with pack.toml and its graphs, read into frozen dataclasses and checked against their files."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import PackError
from .onnx_file import GraphFile, Port, read_onnx
from .operators import MAX_OPSET, OPERATORS
from .schema import check_schema

PACK_FILE = "pack.toml"
MAX_GRAPH_BYTES = 200 * 10**6
MAX_TOML_BYTES = 10**6


@dataclass(frozen=True)
class Tensor:
    """A declared input or output of a graph: shape holds an int for a fixed dimension, a name for a free one."""

    name: str
    shape: tuple[int | str, ...]
    dtype: str
    unit: str = ""


@dataclass(frozen=True)
class Graph:
    """One ONNX file of a pack, as pack.toml declares it."""

    name: str
    file: str
    sha256: str
    bytes: int
    opset: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


@dataclass(frozen=True)
class Pack:
    """A pack whose pack.toml is in order; whether its graphs are, verify_pack and open_session find out."""

    folder: Path
    id: str
    kind: str
    version: str
    title: str
    licence: str
    data: tuple[dict[str, Any], ...]  # what it was trained on: name, licence, credit, url
    graphs: tuple[Graph, ...]
    content: dict[str, Any]  # all of pack.toml: skeleton, generator, training, metrics ...

    def graph(self, name: str = "model") -> Graph:
        """The graph called `name`. Raises PackError naming the graphs there are."""
        for graph in self.graphs:
            if graph.name == name:
                return graph
        there = ", ".join(graph.name for graph in self.graphs)
        raise PackError(f"pack {self.id} has no graph {name}; it has {there}")

    @property
    def bytes(self) -> int:
        return sum(graph.bytes for graph in self.graphs)

    def words(self, which: str) -> tuple[str, ...]:
        """Its vocabulary: `which` is "actions", "styles", "classes" or "directions"; empty when its kind has none."""
        tables = (self.content.get(table, {}) for table in ("generator", "texture", "inbetweener"))
        words = next((table[which] for table in tables if which in table), ())
        return tuple(word["name"] if isinstance(word, dict) else word for word in words)

    def as_dict(self) -> dict[str, Any]:
        """For `packs info --json`: pack.toml's content, with its folder and its vocabulary at the top."""
        vocabulary = {which: list(self.words(which)) for which in ("actions", "styles", "classes", "directions")}
        return {**self.content, "folder": str(self.folder), "bytes": self.bytes, **vocabulary}


@dataclass(frozen=True)
class Finding:
    """One check of a pack: its name, whether it passed, and what was found."""

    check: str
    ok: bool
    detail: str


# --- finding and reading ----------------------------------------------------------------------------------------


def models_folder() -> Path:
    """The packs that ship: models/ beside blender_addon, in a checkout as in the installed extension."""
    return Path(__file__).resolve().parents[2] / "models"


def read_pack(folder: str | Path) -> Pack:
    """Read and check folder/pack.toml; its graphs are not opened. Raises PackError."""
    folder = Path(folder)
    path = folder / PACK_FILE
    try:
        if path.stat().st_size > MAX_TOML_BYTES:
            raise PackError(f"{path} is larger than {MAX_TOML_BYTES} bytes; that is no pack, take it out")
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PackError(f"{folder} holds no {PACK_FILE}; name the folder of a pack, or export it again") from None
    except OSError as error:
        raise PackError(f"cannot read {path}: {error.strerror or error}; check its permissions") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PackError(f"{path} is not valid TOML ({error}); fetch or export the pack again") from None
    try:
        check_schema(content)
    except PackError as error:
        raise PackError(f"{path}: {error}") from None
    graphs = tuple(
        Graph(
            name=graph["name"],
            file=graph["file"],
            sha256=graph["sha256"].lower(),
            bytes=graph["bytes"],
            opset=graph["opset"],
            inputs=tuple(_tensor(tensor) for tensor in graph["inputs"]),
            outputs=tuple(_tensor(tensor) for tensor in graph["outputs"]),
        )
        for graph in content["graphs"]
    )
    about = {key: content[key] for key in ("id", "kind", "version", "title", "licence")}
    return Pack(folder=folder, **about, data=tuple(content["data"]), graphs=graphs, content=content)


def _tensor(table: dict[str, Any]) -> Tensor:
    return Tensor(table["name"], tuple(table["shape"]), table["dtype"], table.get("unit", ""))


def find_packs(folders: Iterable[str | Path]) -> tuple[list[Pack], list[PackError]]:
    """All packs in `folders` (each a pack, or a folder of packs) and what is wrong with those that cannot be read.

    A folder that is not there holds no packs. The first pack with an id keeps it; a later one is a problem.
    """
    packs: dict[str, Pack] = {}
    problems: list[PackError] = []
    for folder in map(Path, folders):
        for candidate in _candidates(folder, problems):
            try:
                pack = read_pack(candidate)
                if pack.id in packs:
                    other = packs[pack.id].folder
                    raise PackError(f"{candidate} has the id {pack.id} as {other} has; give one of them another id")
                packs[pack.id] = pack
            except PackError as error:
                problems.append(error)
    return list(packs.values()), problems


def _candidates(folder: Path, problems: list[PackError]) -> list[Path]:
    if (folder / PACK_FILE).is_file():
        return [folder]
    try:
        return sorted(path.parent for path in folder.glob(f"*/{PACK_FILE}"))
    except OSError as error:
        problems.append(PackError(f"cannot look into {folder}: {error.strerror or error}; check its permissions"))
        return []


def choose_pack(packs: list[Pack], problems: list[PackError], kind: str, pack_id: str = "") -> Pack:
    """The pack called `pack_id`, or the first of `kind` when it is empty. Raises PackError saying which there are."""
    of_kind = [pack for pack in packs if pack.kind == kind]
    for pack in of_kind:
        if pack_id in ("", pack.id):
            return pack
    if not of_kind:
        why = f" ({problems[0]})" if problems else ""
        raise PackError(f"there is no {kind} pack{why}; `galatea packs verify` checks the packs there are")
    there = ", ".join(pack.id for pack in of_kind)
    raise PackError(f"there is no {kind} pack {pack_id}; there is {there}")


# --- checking graphs --------------------------------------------------------------------------------------------


def verify_pack(pack: Pack) -> list[Finding]:
    """Check each graph's file: size, sha256, and what is in it. The schema was checked when the pack was read."""
    findings = [Finding("schema", True, f"format {pack.content['format']}, {pack.kind} {pack.version}")]
    for graph in pack.graphs:
        try:
            data = read_graph_bytes(pack, graph)
        except PackError as error:
            return [*findings, Finding("file", False, str(error))]
        findings += check_graph(pack, graph, data)
    return findings


def read_graph_bytes(pack: Pack, graph: Graph) -> bytes:
    """The graph's file, never more than is declared or allowed. Raises PackError."""
    path = pack.folder / graph.file
    limit = min(graph.bytes, MAX_GRAPH_BYTES)
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        why = error.strerror or error
        raise PackError(f"cannot read {path}: {why}; fetch or export pack {pack.id} again") from None


def check_graph(pack: Pack, graph: Graph, data: bytes) -> list[Finding]:
    """Every check of one graph's bytes; those that need to look inside come only when size and hash are right."""
    path = pack.folder / graph.file
    again = f"fetch or export pack {pack.id} again"
    size = len(data) == graph.bytes <= MAX_GRAPH_BYTES
    if len(data) > MAX_GRAPH_BYTES:
        found = f"{path} is larger than {MAX_GRAPH_BYTES // 10**6} MB"
    else:
        found = f"{path} has {'more' if len(data) > graph.bytes else 'only'} {len(data)} bytes, not {graph.bytes}"
    findings = [Finding("size", size, f"{len(data) / 1e6:.1f} MB" if size else f"{found}; {again}")]
    digest = hashlib.sha256(data).hexdigest()
    same = digest == graph.sha256
    told = f"{path} has the sha256 {digest[:12]}…, not {graph.sha256[:12]}… as pack.toml says; {again}"
    findings.append(Finding("sha256", same, f"{digest[:12]}…" if same else told))
    if not (size and same):
        return findings
    try:
        inside = read_onnx(data)
    except PackError as error:
        return [*findings, Finding("onnx", False, f"{path} is {error}")]
    return findings + [Finding("onnx", True, "reads to its end"), *_check_inside(graph, inside, path)]


def _check_inside(graph: Graph, inside: GraphFile, path: Path) -> list[Finding]:
    """What may be in a graph that runs here: standard operators, everything in one file, the declared tensors."""
    foreign = sorted({domain for domain, _ in inside.operators if domain})
    unknown = sorted(name for domain, name in inside.operators if not domain and name not in OPERATORS)
    strange = [f"domain {_shown(domain)}" for domain in foreign] + [f"operator {_shown(name)}" for name in unknown]
    opset = inside.opsets.get("", 0)
    rows = [
        ("external data", not inside.external, "none", f"{path} keeps {_listed(inside.external)} outside the file; "
         "export it with its weights inside"),
        ("operators", not strange, f"{len(inside.operators)} kinds, all standard", f"{path} uses {_listed(strange)}; "
         f"export it with standard deterministic operators of opset {MAX_OPSET} only"),
        ("functions", not inside.functions, "none", f"{path} has functions or a training graph of its own; "
         "export it without"),
        ("opset", opset == graph.opset <= MAX_OPSET, f"{opset}", f"{path} needs opset {opset}, pack.toml says "
         f"{graph.opset}, at most {MAX_OPSET} is run; export it with opset {MAX_OPSET}"),
        _ports("inputs", graph.inputs, inside.inputs, path),
        _ports("outputs", graph.outputs, inside.outputs, path),
    ]  # fmt: skip
    return [Finding(check, ok, good if ok else bad) for check, ok, good, bad in rows]


def _ports(what: str, declared: tuple[Tensor, ...], there: tuple[Port, ...], path: Path) -> tuple[str, bool, str, str]:
    wrong = sorted({tensor.name for tensor in declared} ^ {port.name for port in there})
    ports = {port.name: port for port in there}
    for tensor in declared:
        port = ports.get(tensor.name)
        if port and not (tensor.dtype == port.dtype and _fits(tensor.shape, port.shape)):
            wrong.append(f"{tensor.name} ({_signature(tensor)} declared, {_signature(port)} in the graph)")
    good = ", ".join(f"{tensor.name}{list(tensor.shape)}" for tensor in declared).replace("'", "")
    return what, not wrong, good, f"{path} and pack.toml differ in {what}: {_listed(wrong)}; export the pack again"


def _fits(declared: tuple[int | str, ...], there: tuple[int | str, ...]) -> bool:
    """Fixed dimensions are equal and free ones are free; what a free one is called is the exporter's affair."""
    return len(declared) == len(there) and all(
        mine == theirs or (isinstance(mine, str) and isinstance(theirs, str))
        for mine, theirs in zip(declared, there, strict=True)
    )


def _signature(tensor: Tensor | Port) -> str:
    return f"{tensor.dtype}[{', '.join(str(size) or '?' for size in tensor.shape)}]"


def _shown(text: str) -> str:
    """A name out of an untrusted file, fit for one line of a terminal."""
    return re.sub(r"[^\w.:/-]", "?", text)[:60] or "(no name)"


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
