// JSON in its one canonical spelling: keys in the order of code points, whole numbers, no spaces.

const DEEPEST = 32;
const damaged = (reason) => new Rejected("damaged", reason);

function byCodePoint(a, b) {
  const left = Array.from(a, (sign) => sign.codePointAt(0));
  const right = Array.from(b, (sign) => sign.codePointAt(0));
  for (let place = 0; place < left.length && place < right.length; place += 1) {
    if (left[place] !== right[place]) return left[place] - right[place];
  }
  return left.length - right.length;
}

// The canonical text of a value; a number that is not whole, or too large to be exact, has none.
function canonical(value) {
  if (value === null || typeof value === "boolean" || typeof value === "string") {
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw damaged("json");
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const keys = Object.keys(value).sort(byCodePoint);
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

function depthOf(bytes) {
  let depth = 0;
  let deepest = 0;
  let inside = false;
  let escaped = false;
  for (const sign of bytes) {
    if (inside) {
      if (escaped) escaped = false;
      else if (sign === 0x5c) escaped = true;
      else if (sign === 0x22) inside = false;
    } else if (sign === 0x22) inside = true;
    else if (sign === 0x5b || sign === 0x7b) deepest = Math.max(deepest, (depth += 1));
    else if (sign === 0x5d || sign === 0x7d) depth -= 1;
  }
  return deepest;
}

function readJson(bytes, reason) {
  if (depthOf(bytes) > DEEPEST) throw damaged(reason);
  try {
    const text = textOf(bytes, reason);
    const value = JSON.parse(text);
    if (canonical(value) === text) return value;
  } catch {
    // Not JSON at all, or no canonical form: the same finding.
  }
  throw damaged(reason);
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const isText = (value) => typeof value === "string";
const isWhole = (value) => Number.isSafeInteger(value);
const isList = (is) => (value) => Array.isArray(value) && value.every(is);

// An object with exactly these fields, each of its kind.
function hasShape(value, shape) {
  if (!isObject(value)) return false;
  const names = Object.keys(value);
  const wanted = Object.keys(shape);
  if (names.length !== wanted.length) return false;
  return wanted.every((name) => Object.hasOwn(value, name) && shape[name](value[name]));
}
