#!/usr/bin/env python3
"""Checks a full export of an Annals log with nothing of Annals: python3 verify.py FOLDER VKEY

Needs Python 3.9 and, for the signature, the program openssl (version 3)."""

import base64, hashlib, pathlib, struct, subprocess, sys, tempfile

folder, vkey = pathlib.Path(sys.argv[1]), sys.argv[2]

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def path(kind, index, width):  # c2sp.org/tlog-tiles
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i:i + 3] for i in range(0, len(digits), 3)]
    full = folder / "tile" / kind / "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    partial = full.with_name(f"{full.name}.p") / str(width)
    return partial if width < 256 and partial.exists() else full  # a full one may stand for a partial one

# The checkpoint: a note (c2sp.org/signed-note), signed with Ed25519.
note = (folder / "checkpoint").read_bytes().decode()
text, lines = note.rsplit("\n\n", 1)
text += "\n"
origin, size, root = text.split("\n")[:3]
size, root = int(size), base64.b64decode(root)
name, key_id, key = vkey.split("+", 2)
key = base64.b64decode(key)
assert key[0] == 1 and name == origin, "the key is of another log"
assert sha256(name.encode(), b"\n", key)[:4].hex() == key_id, "the key was changed"
signatures = [base64.b64decode(line.split(" ")[2]) for line in lines.splitlines() if line.startswith(f"— {name} ")]
signature = next(one[4:] for one in signatures if one[:4].hex() == key_id)
with tempfile.TemporaryDirectory() as temporary:
    file = pathlib.Path(temporary)
    (file / "text").write_bytes(text.encode())
    (file / "signature").write_bytes(signature)
    (file / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + key[1:])  # RFC 8410
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", file / "key.der",
               "-rawin", "-in", file / "text", "-sigfile", file / "signature"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

# Every entry, its hash in the tile over it, and the root of them all (RFC 6962, section 2.1).
edge = []  # the roots of the perfect subtrees so far: (number of entries, hash)
for first in range(0, size, 256):
    width = min(256, size - first)
    bundle, tile = path("entries", first // 256, width).read_bytes(), path("0", first // 256, width).read_bytes()
    for index in range(width):
        length, = struct.unpack(">H", bundle[:2])
        entry, bundle = bundle[2:2 + length], bundle[2 + length:]
        leaf = sha256(b"\0", entry)
        assert leaf == tile[32 * index:32 * index + 32], f"entry {first + index} was changed"
        edge.append((1, leaf))
        while len(edge) > 1 and edge[-1][0] == edge[-2][0]:
            (count, right), (_, left) = edge.pop(), edge.pop()
            edge.append((2 * count, sha256(b"\1", left, right)))
    assert not bundle or path("entries", first // 256, width).name != str(width), f"there is more after entry {first + width - 1}"
found = edge.pop()[1] if edge else sha256()
while edge:
    found = sha256(b"\1", edge.pop()[1], found)
assert found == root, "the entries give another root than the one that is signed"
print(f"verified {size} entries of {origin}")
