// Zip files in one spelling: stored, in order, nothing between, before or after the files.

const LARGEST_ARCHIVE = 2 ** 30;
const MOST_FILES = 20000;
const FILE_NAME = /^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*){0,3}$/;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, number) => {
  let value = number;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC_TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

// Numbers of 2 ("H") or 4 ("I") bytes, the lowest byte first.
function packed(form, ...numbers) {
  const bytes = [];
  numbers.forEach((number, place) => {
    for (let byte = 0; byte < (form[place] === "H" ? 2 : 4); byte += 1) {
      bytes.push((number / 2 ** (8 * byte)) & 0xff);
    }
  });
  return Uint8Array.from(bytes);
}

function localHeader({ name, size, crc }) {
  const fixed = [20, 0, 0, 0, 0x21, crc, size, size, name.length, 0];
  return concat(utf8("PK\x03\x04"), packed("HHHHHIIIHH", ...fixed), utf8(name));
}

function directory(heads) {
  let offset = 0;
  const parts = heads.map(({ name, size, crc }) => {
    const fixed = [20, 20, 0, 0, 0, 0x21, crc, size, size, name.length, 0, 0, 0, 0, 0, offset];
    offset += 30 + name.length + size;
    return concat(utf8("PK\x01\x02"), packed("HHHHHHIIIHHHHHII", ...fixed), utf8(name));
  });
  const central = concat(...parts);
  const end = [0, 0, heads.length, heads.length, central.length, offset, 0];
  return concat(central, utf8("PK\x05\x06"), packed("HHHHIIH", ...end));
}

function readHead(bytes, place) {
  if (place + 30 > bytes.length) throw damaged("archive");
  const view = new DataView(bytes.buffer, bytes.byteOffset + place, 30);
  const start = place + 30 + view.getUint16(26, true);
  const letters = bytes.subarray(place + 30, start);
  const name = String.fromCharCode(...letters.subarray(0, 101));
  const head = { name, size: view.getUint32(22, true), crc: view.getUint32(14, true) };
  if (name.length > 100 || !FILE_NAME.test(name)) throw damaged("archive");
  if (!same(bytes.subarray(place, start), localHeader(head))) throw damaged("archive");
  if (start + head.size > bytes.length) throw damaged("archive");
  return { ...head, start };
}

function readArchive(bytes) {
  if (bytes.length > LARGEST_ARCHIVE) throw new Rejected("too_large", "archive");
  const files = new Map();
  const heads = [];
  let place = 0;
  while (startsWith(bytes.subarray(place, place + 4), "PK\x03\x04")) {
    const head = readHead(bytes, place);
    if (files.has(head.name) || files.size >= MOST_FILES) throw damaged("archive");
    place = head.start + head.size;
    files.set(head.name, bytes.subarray(head.start, place));
    heads.push(head);
  }
  if (heads.length === 0 || !same(bytes.subarray(place), directory(heads))) {
    throw damaged("archive");
  }
  if (heads.some((head) => crc32(files.get(head.name)) !== head.crc)) throw damaged("archive");
  return files;
}
