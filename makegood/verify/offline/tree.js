// Merkle tree of RFC 6962: the path from a leaf to the root (RFC 9162, 2.1.3.2).

const LONGEST_PATH = 64;
const leafHash = (entry) => sha256(concat(Uint8Array.of(0), entry));
const nodeHash = (left, right) => sha256(concat(Uint8Array.of(1), left, right));

async function verifyInclusion(leaf, index, size, path, root) {
  const hashes = [leaf, root, ...path];
  if (index < 0n || index >= size || path.length > LONGEST_PATH) return false;
  if (hashes.some((one) => one.length !== 32)) return false;
  let node = index;
  let last = size - 1n;
  let found = leaf;
  for (const sibling of path) {
    if (last === 0n) return false;
    if (node & 1n || node === last) {
      found = await nodeHash(sibling, found);
      while (node && !(node & 1n)) {
        node >>= 1n;
        last >>= 1n;
      }
    } else {
      found = await nodeHash(found, sibling);
    }
    node >>= 1n;
    last >>= 1n;
  }
  return last === 0n && same(found, root);
}
