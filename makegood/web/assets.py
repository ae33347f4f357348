"""Built scripts and styles: which hashed file belongs to a surface, from Vite's manifest."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
from markupsafe import Markup

DIST = Path(__file__).parent / "static" / "dist"
BASE = "/static/dist/"


class Chunk(msgspec.Struct):
    """One entry of the manifest; only what pages need of it."""

    file: str
    css: list[str] = []
    imports: list[str] = []


@dataclass(frozen=True, slots=True)
class Assets:
    """Tags of each surface: `portal` and `desk`."""

    tags: dict[str, Markup]

    def head(self, surface: str) -> Markup:
        """The style and script tags for a page of this surface; empty when nothing was built."""
        return self.tags.get(surface, Markup(""))


def load_assets(folder: Path = DIST) -> Assets:
    """Read the manifest. Without one (nothing built yet) pages still work, only unstyled."""
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        return Assets(tags={})
    chunks = msgspec.json.decode(manifest.read_bytes(), type=dict[str, Chunk])
    names = {key: Path(key).stem for key in chunks if key.startswith("src/")}
    return Assets(tags={name: _tags(chunks, key) for key, name in names.items()})


def _tags(chunks: dict[str, Chunk], key: str) -> Markup:
    styles: list[str] = []
    _collect(chunks, key, styles, set())
    links = [Markup('<link rel="stylesheet" href="{}">').format(BASE + css) for css in styles]
    script = Markup('<script type="module" src="{}"></script>').format(BASE + chunks[key].file)
    return Markup("\n").join([*links, script])


def _collect(chunks: dict[str, Chunk], key: str, styles: list[str], seen: set[str]) -> None:
    """Styles of imported chunks come first, so that a surface's own rules win."""
    if key in seen:
        return
    seen.add(key)
    for imported in chunks[key].imports:
        _collect(chunks, imported, styles, seen)
    styles.extend(css for css in chunks[key].css if css not in styles)
