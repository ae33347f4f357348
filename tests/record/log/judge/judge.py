"""Another author's code judges a copy of our log: judge.py FOLDER LOG_KEY WITNESS_KEY

It reads the files by its own rules, believes the checkpoint, hashes every tile and bundle, makes
proofs from our tiles with its code and checks proofs that ours made (on standard input, one JSON
object a line). It prints what it looked at as JSON.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

aics: Any = importlib.import_module("aics_tlog")


def main(folder: Path, log_key: str, witness_key: str) -> None:
    """Judge everything; any exception is a verdict against us."""
    note = aics.parse_note((folder / "checkpoint").read_bytes())
    key, witness = aics.parse_vkey(log_key), aics.parse_vkey(witness_key)
    found = aics.verify_checkpoint(note, key, [witness], 1, expected_origin=key.name)
    assert found.ok, found.error
    size, root = found.size, found.root
    reader = aics.FileSystemTileReader(folder)
    audit = aics.audit_tiles(reader, size, root)
    judged = {"size": size, "tiles": audit.tiles, "bundles": audit.bundles}
    judged |= {"inclusion": 0, "consistency": 0}
    for line in sys.stdin:
        judged[_judge(json.loads(line), reader, size, root)] += 1
    sys.stdout.write(json.dumps(judged))


def _judge(proof: dict[str, Any], reader: Any, size: int, root: bytes) -> str:
    path = [bytes.fromhex(one) for one in proof["path"]]
    if "index" in proof:
        leaf, index = bytes.fromhex(proof["leaf"]), proof["index"]
        assert aics.inclusion_proof_from_tiles(reader, index, size) == path, index
        assert aics.verify_inclusion(leaf, index, size, path, root), index
        assert aics.leaf_hash(aics.read_entry(reader, index, size)) == leaf, index
        return "inclusion"
    old_size, old_root = proof["old_size"], bytes.fromhex(proof["old_root"])
    assert aics.consistency_proof_from_tiles(reader, old_size, size) == path, old_size
    assert aics.verify_consistency(old_size, size, old_root, root, path), old_size
    return "consistency"


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
