"""Lets PyPI's Linux wheel of PyTorch be imported without the 2 GB of CUDA libraries it is linked with.

PyPI has no CPU-only wheel of PyTorch for Linux. The one it has computes on the CPU with the same
libtorch_cpu.so, but its libraries name CUDA's as needed, so that the dynamic linker asks for them at import.
This script writes stand-ins: shared libraries with the names, symbols and symbol versions that PyTorch asks
for, in which every function reports "no device" (cudaErrorNoDevice, 100). Nothing on the CPU calls them.

    python cuda_stubs.py <compiler>     # for example: python cuda_stubs.py cc
"""

import re
import struct
import subprocess
import sys
import sysconfig
import tempfile
from collections import defaultdict
from pathlib import Path

SITE = Path(sysconfig.get_paths()["purelib"])
TORCH_LIBRARIES = SITE / "torch" / "lib"
# PyTorch's libraries look here by themselves (their RPATH), where the wheel nvidia-cuda-runtime would be.
STUB_FOLDER = SITE / "nvidia" / "cu13" / "lib"

# These return a pointer to text instead of a status.
TEXT_FUNCTIONS = re.compile(r"Get(Last)?Error(String|Name)?$|GetStatusString$")


class Elf:
    """The three dynamic tables of a 64-bit little-endian ELF library that a linker looks at."""

    def __init__(self, path: Path):
        self.data = path.read_bytes()
        table_offset = struct.unpack_from("<Q", self.data, 0x28)[0]
        entry_size, count = struct.unpack_from("<HH", self.data, 0x3A)
        headers = [
            struct.unpack_from("<IIQQQQIIQQ", self.data, table_offset + i * entry_size)
            for i in range(count)
        ]
        # type: (offset, size, offset of the strings it refers to)
        self.sections = {h[1]: (h[4], h[5], headers[h[6]][4]) for h in headers if h[1] in DYNAMIC_TYPES}

    def text(self, offset: int) -> str:
        return self.data[offset : self.data.index(b"\0", offset)].decode()

    def needed(self) -> list[str]:
        """Names of the libraries this one asks for."""
        offset, size, strings = self.sections[SHT_DYNAMIC]
        entries = struct.iter_unpack("<QQ", self.data[offset : offset + size])
        return [self.text(strings + value) for tag, value in entries if tag == DT_NEEDED]

    def needed_versions(self) -> dict[int, tuple[str, str]]:
        """Version index of a symbol: (library, version)."""
        if SHT_GNU_VERNEED not in self.sections:
            return {}
        offset, _, strings = self.sections[SHT_GNU_VERNEED]
        versions = {}
        while True:
            _, count, file, first, following = struct.unpack_from("<HHIII", self.data, offset)
            entry = offset + first
            for _ in range(count):
                _, _, index, name, next_entry = struct.unpack_from("<IHHII", self.data, entry)
                versions[index] = (self.text(strings + file), self.text(strings + name))
                entry += next_entry
            if following == 0:
                return versions
            offset += following

    def undefined_symbols(self) -> list[tuple[str, int]]:
        """(name, version index) of every symbol that another library has to bring."""
        offset, size, strings = self.sections[SHT_DYNSYM]
        versions, _, _ = self.sections.get(SHT_GNU_VERSYM, (None, 0, 0))
        symbols = struct.iter_unpack("<IBBHQQ", self.data[offset : offset + size])
        return [
            (
                self.text(strings + name),
                struct.unpack_from("<H", self.data, versions + 2 * i)[0] if versions else 0,
            )
            for i, (name, _, _, section, _, _) in enumerate(symbols)
            if section == 0 and name != 0
        ]


SHT_DYNAMIC, SHT_DYNSYM, SHT_GNU_VERNEED, SHT_GNU_VERSYM = 6, 11, 0x6FFFFFFE, 0x6FFFFFFF
DYNAMIC_TYPES = (SHT_DYNAMIC, SHT_DYNSYM, SHT_GNU_VERNEED, SHT_GNU_VERSYM)
DT_NEEDED = 1

CUDA_LIBRARY = re.compile(
    r"lib(cudart|cupti|cublas|cublasLt|cudnn|cufft|cufile|curand|cusolver|cusparse|cusparseLt|nccl|nvrtc"
    r"|nvshmem_host|nvToolsExt)\.so"
)
UNVERSIONED_CUDA_SYMBOL = re.compile(r"(cuFile|cusparseLt|nccl|cufft|nvshmem)")


def missing_symbols() -> dict[str, dict[str, set[str]]]:
    """library: version (or ""): names, for everything of CUDA that PyTorch's libraries are linked with."""
    wanted: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path in sorted(TORCH_LIBRARIES.glob("*.so")):
        elf = Elf(path)
        libraries = [name for name in elf.needed() if CUDA_LIBRARY.match(name)]
        for library in libraries:
            wanted[library]  # even where no symbol of it is used, the file has to exist
        versions = elf.needed_versions()
        for name, index in elf.undefined_symbols():
            library, version = versions.get(index & 0x7FFF, ("", ""))
            if CUDA_LIBRARY.match(library):
                wanted[library][version].add(name)
            elif not library and libraries and UNVERSIONED_CUDA_SYMBOL.match(name):
                wanted[libraries[0]][""].add(name)
    return wanted


def build_stub(compiler: str, library: str, versions: dict[str, set[str]]) -> None:
    """Compiles one stand-in library; temporary file first, renamed when it is whole."""
    names = sorted({name for symbols in versions.values() for name in symbols})
    lines = [
        f'const char *{name}(void) {{ return "no CUDA here"; }}'
        if TEXT_FUNCTIONS.search(name)
        else f"long {name}(void) {{ return 100; }}"
        for name in names
    ]
    script = [
        f"{version} {{ global: {' '.join(f'{name};' for name in sorted(symbols))} }};"
        for version, symbols in versions.items()
        if version and symbols
    ]
    with tempfile.TemporaryDirectory() as folder:
        source, map_file = Path(folder, "stub.c"), Path(folder, "stub.map")
        source.write_text("\n".join(lines) + "\n")
        map_file.write_text("\n".join(script) + "\n")
        target = STUB_FOLDER / f".{library}.tmp"
        subprocess.run(
            [*compiler.split(), "-shared", "-fPIC", "-w", "-o", str(target), str(source), f"-Wl,-soname,{library}"]
            + ([f"-Wl,--version-script={map_file}"] if script else []),
            check=True,
        )
        target.rename(STUB_FOLDER / library)


def main() -> None:
    STUB_FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = missing_symbols()
    for library, versions in wanted.items():
        build_stub(sys.argv[1] if len(sys.argv) > 1 else "cc", library, versions)
    print(f"{len(wanted)} stand-ins for CUDA libraries")


if __name__ == "__main__":
    main()
