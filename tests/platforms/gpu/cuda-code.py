#!/usr/bin/env python3
"""Gives libggml-cuda.so machine code for a GPU that it has only PTX for, with the assembler of whatever CUDA 13 is at hand. A driver compiles PTX by
itself, but not PTX that is newer than the driver: that of npm's library needs one of CUDA 13.1.

  cuda-code.py take LIBRARY ARCHITECTURE FOLDER   Writes FOLDER/ptx/*.ptx for an architecture such as 90, as PTX of version 9.0, and
                                                  FOLDER/libggml-cuda.so without any code, which compresses to 2 MB. Needs zstd.
  cuda-code.py put FOLDER ARCHITECTURE LIBRARY    Puts FOLDER/cubin/*.cubin, made of each of the PTX files by ptxas, into a copy of that library.
"""
import os
import struct
import subprocess
import sys

CONTAINER = 0xBA55ED50
PTX, MACHINE_CODE = 1, 2
OLD_VERSION, NEW_VERSION = b"9.1", b"9.0"
COMPRESSED = 0xA000
RELOCATION = struct.Struct("<QQq")


class Library:
    """An ELF library with code for GPUs: the section .nv_fatbin holds containers, .nvFatBinSegment a wrapper for each, which relocations point at it."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = bytearray(file.read())
        if self.data[:5] != b"\x7fELF\x02":
            sys.exit(f"{path} is no 64-bit ELF library")
        start, = struct.unpack_from("<Q", self.data, 0x28)
        size, count, names = struct.unpack_from("<HHH", self.data, 0x3A)
        headers = [struct.unpack_from("<IIQQQQIIQQ", self.data, start + i * size) for i in range(count)]
        first_name = headers[names][4]
        # Address, offset and size by name.
        self.sections = {
            bytes(self.data[first_name + header[0]:self.data.index(0, first_name + header[0])]).decode(): header[3:6] for header in headers}
        if ".nv_fatbin" not in self.sections:
            sys.exit(f"{path} has no code for GPUs")

    def containers(self):
        """Where each container begins, and its end."""
        _, at, size = self.sections[".nv_fatbin"]
        end = at + size
        while at < end:
            magic, _, header, length = struct.unpack_from("<IHHQ", self.data, at)
            if magic != CONTAINER:
                at += 8
                continue
            yield at, at + header + length
            at = (at + header + length + 7) // 8 * 8

    def entries(self, start, end):
        """Kind, architecture, place and length of the header, and payload of what a container holds."""
        at = start + struct.unpack_from("<H", self.data, start + 6)[0]
        while at < end:
            kind, _, header, padded = struct.unpack_from("<HHIQ", self.data, at)
            compressed, = struct.unpack_from("<I", self.data, at + 16)
            architecture, = struct.unpack_from("<I", self.data, at + 28)
            yield kind, architecture, at, header, bytes(self.data[at + header:at + header + (compressed or padded)])
            at += header + padded

    def save(self, path):
        with open(path, "wb") as file:
            file.write(self.data)


def entry(header, architecture, payload):
    """An entry of uncompressed machine code, with the header of another one."""
    header = bytearray(header)
    payload += bytes(-len(payload) % 8)
    flags, = struct.unpack_from("<Q", header, 40)
    struct.pack_into("<Q", header, 8, len(payload))
    struct.pack_into("<I", header, 16, 0)
    struct.pack_into("<I", header, 28, architecture)
    struct.pack_into("<Q", header, 40, flags & ~COMPRESSED)
    struct.pack_into("<Q", header, 56, 0)
    return bytes(header) + payload


def take(path, architecture, folder):
    library = Library(path)
    os.makedirs(f"{folder}/ptx", exist_ok=True)
    count = 0
    for number, (start, end) in enumerate(library.containers()):
        entries = list(library.entries(start, end))
        payload = next((e[4] for e in entries if e[:2] == (PTX, architecture)), None)
        code = next(e for e in entries if e[0] == MACHINE_CODE)
        if payload is None:
            sys.exit(f"container {number} has no PTX for {architecture}")
        text = subprocess.run(["zstd", "-dc"], input=payload, capture_output=True, check=True).stdout.rstrip(b"\0")
        text = text.replace(b".version " + OLD_VERSION, b".version " + NEW_VERSION, 1)
        with open(f"{folder}/ptx/{number:03}.ptx", "wb") as file:
            file.write(text)
        # One empty entry stays, whose header the machine code gets.
        header = bytearray(library.data[code[2]:code[2] + code[3]])
        space = end - start - 16
        library.data[start + 16:end] = bytes(space)
        struct.pack_into("<Q", header, 8, space - len(header))
        struct.pack_into("<I", header, 16, 0)
        library.data[start + 16:start + 16 + len(header)] = header
        count += 1
    library.save(f"{folder}/libggml-cuda.so")
    print(f"{count} modules")


def put(folder, architecture, path):
    library = Library(f"{folder}/libggml-cuda.so")
    address, offset, size = library.sections[".nv_fatbin"]
    wrappers_address, _, wrappers_size = library.sections[".nvFatBinSegment"]
    _, relocations, relocations_size = library.sections[".rela.dyn"]
    wrappers = {}
    for at in range(relocations, relocations + relocations_size, RELOCATION.size):
        place, _, target = RELOCATION.unpack_from(library.data, at)
        if wrappers_address <= place < wrappers_address + wrappers_size:
            wrappers.setdefault(target - address + offset, []).append(at)
    made, missing = [], 0
    for number, (start, end) in enumerate(library.containers()):
        _, _, at, header, _ = next(library.entries(start, end))
        name = f"{folder}/cubin/{number:03}.cubin"
        payload = open(name, "rb").read() if os.path.exists(name) else b""
        missing += not payload
        body = entry(library.data[at:at + header], architecture, payload)
        made.append((start, struct.pack("<IHHQ", CONTAINER, 1, 16, len(body)) + body))
    library.data[offset:offset + size] = bytes(size)
    at = offset
    for start, container in made:
        if at + len(container) > offset + size:
            sys.exit(f"the machine code is larger than the {size} bytes that there are for it")
        library.data[at:at + len(container)] = container
        for relocation in wrappers[start]:
            struct.pack_into("<q", library.data, relocation + 16, at - offset + address)
        at += (len(container) + 15) // 16 * 16
    library.save(path)
    print(f"{len(made) - missing} of {len(made)} modules, {at - offset} bytes")
    if missing:
        sys.exit(f"{missing} modules could not be assembled")


if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[1] not in ("take", "put"):
        sys.exit(__doc__)
    if sys.argv[1] == "take":
        take(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        put(sys.argv[2], int(sys.argv[3]), sys.argv[4])
