"""Unpacks the files of a wheel that match the given patterns: unpack_wheel.py WHEEL FOLDER PATTERN..."""

import fnmatch
import shutil
import sys
import zipfile
from pathlib import Path


def main() -> None:
    wheel, folder, *patterns = sys.argv[1:]
    target = Path(folder).resolve()
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if entry.is_dir() or not any(fnmatch.fnmatchcase(entry.filename, p) for p in patterns):
                continue
            path = (target / entry.filename).resolve()
            if not path.is_relative_to(target):
                raise SystemExit(f"{wheel}: {entry.filename} leads out of the folder")
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as source, path.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
            # The upper 16 bits are the Unix mode: ptxas of the CUDA compiler has to stay executable.
            if entry.external_attr >> 16 & 0o111:
                path.chmod(0o755)


if __name__ == "__main__":
    main()
