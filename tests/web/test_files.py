"""Evidence over HTTP: filed by form or in pieces, read in ranges, hidden from strangers."""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar, Response, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.claims.evidence import Evidence
from makegood.store.database import Connection, Database
from makegood.web.errors import REFUSAL_STATUS
from makegood.web.file_routes import MAX_BODY, file_routes
from makegood.web.files import Filed, Filer, Files
from makegood.web.form_stream import AnyRequest
from makegood.web.problem import PageFault
from tests.claims.evidence_kit import (
    BUYER,
    CLAIM,
    NOW,
    SELLER,
    CountingIds,
    Recorded,
    archive,
    movie,
    picture,
    room,
)

FILM = movie(seconds=10)
FORM = f"/claims/{CLAIM}/evidence"


class OneClaim:
    """One claim with a buyer and a seller, told apart by a header; everyone else is a stranger."""

    def __init__(self) -> None:
        self.recorded = Recorded()

    def market_of(self, request: AnyRequest) -> str:
        return "main"

    async def filer(self, request: AnyRequest, claim_no: str, slot: str) -> Filer | None:
        party = request.headers.get("party", "")
        acts = {"buyer": BUYER, "seller": SELLER}
        if party not in acts or claim_no != CLAIM or slot != "error_screen":
            return None
        return Filer(act=acts[party], claim_no=claim_no, party=party, audience="all", opened_at=NOW)

    async def may_see(self, request: AnyRequest, item: Evidence) -> bool:
        return request.headers.get("party") in {"buyer", "seller"}

    async def record_added(self, tx: Connection, act: Act, item: Evidence) -> None:
        await self.recorded(tx, act, item)

    async def missing(self, filer: Filer) -> list[str]:
        return ["clock"]


def form_route(files: Files) -> ControllerRouterHandler:
    @post("/claims/{claim_no:str}/evidence", request_max_body_size=MAX_BODY)
    async def add_evidence(request: AnyRequest, claim_no: FromPath[str]) -> Filed:
        return await files.file_form(request, claim_no)

    return add_evidence


def refused(request: AnyRequest, error: Exception) -> Response[dict[str, object]]:
    assert isinstance(error, Refused)
    status = REFUSAL_STATUS.get(error.code, 409)
    return Response({"code": error.code, **error.detail}, status_code=status)


def fault(request: AnyRequest, error: Exception) -> Response[dict[str, str]]:
    assert isinstance(error, PageFault)
    return Response({"code": error.code}, status_code=error.status)


@pytest.fixture
def claim() -> OneClaim:
    return OneClaim()


@pytest.fixture
def app(db: Database, tmp_path: Path, claim: OneClaim) -> Litestar:
    files = Files(claim, room(db, tmp_path), CountingIds())
    return Litestar(
        [*file_routes(lambda _: files), form_route(files)],
        exception_handlers={Refused: refused, PageFault: fault},
        openapi_config=None,
    )


@pytest.fixture
async def web(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(
        transport=transport, base_url="http://makegood.test", headers={"party": "buyer"}
    ) as client:
        yield client


async def filed(web: httpx.AsyncClient, data: bytes, name: str = "a.png") -> httpx.Response:
    return await web.post(FORM, data={"slot": "error_screen"}, files={"file": (name, data)})


async def begun(web: httpx.AsyncClient, size: int, **headers: str) -> str:
    body = {"claim_no": CLAIM, "slot": "error_screen", "filename": "a.mp4", "size": size}
    answer = await web.post("/uploads", json=body, headers=headers)
    assert answer.status_code == 201
    return answer.headers["location"]


async def sent(web: httpx.AsyncClient, place: str, offset: int, data: bytes) -> httpx.Response:
    return await web.patch(place, content=data, headers={"upload-offset": str(offset)})


async def test_a_form_files_a_picture_and_says_what_is_missing(web: httpx.AsyncClient) -> None:
    data = picture("JPEG", (900, 700))
    answer = await filed(web, data)
    assert answer.status_code == 201
    body = answer.json()
    assert body["missing"] == ["clock"]
    assert body["evidence"]["sha256"] == sha256(data).hexdigest()
    assert body["evidence"]["media_type"] == "image/jpeg"
    assert "a.png" not in answer.text


async def test_what_was_filed_is_read_back_and_its_thumb_is_small(web: httpx.AsyncClient) -> None:
    data = picture("JPEG", (900, 700))
    number = (await filed(web, data)).json()["evidence"]["evidence_id"]
    whole = await web.get(f"/files/{number}")
    thumb = await web.get(f"/files/{number}/thumb")
    assert (whole.content, whole.headers["content-type"]) == (data, "image/jpeg")
    assert thumb.headers["content-type"] == "image/webp"
    assert thumb.headers["x-content-type-options"] == "nosniff"
    assert thumb.content.startswith(b"RIFF")


async def test_a_film_is_sought_through_in_ranges(web: httpx.AsyncClient) -> None:
    number = (await filed(web, FILM, "a.mp4")).json()["evidence"]["evidence_id"]
    for start, stop in ((0, 2), (65_530, 65_550), (1_000_000, 1_300_000), (len(FILM) - 5, None)):
        asked = f"bytes={start}-{'' if stop is None else stop - 1}"
        answer = await web.get(f"/files/{number}", headers={"range": asked})
        assert answer.status_code == 206
        assert answer.content == FILM[start:stop]
        assert answer.headers["content-range"].endswith(f"/{len(FILM)}")


async def test_a_range_outside_the_film_is_416(web: httpx.AsyncClient) -> None:
    number = (await filed(web, FILM, "a.mp4")).json()["evidence"]["evidence_id"]
    answer = await web.get(f"/files/{number}", headers={"range": f"bytes={len(FILM)}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(FILM)}"


async def test_a_reader_who_has_the_file_is_not_sent_it_again(web: httpx.AsyncClient) -> None:
    number = (await filed(web, picture())).json()["evidence"]["evidence_id"]
    etag = (await web.get(f"/files/{number}")).headers["etag"]
    known = await web.get(f"/files/{number}", headers={"if-none-match": etag})
    other = {"range": "bytes=0-1", "if-range": '"another"'}
    assert known.status_code == 304
    assert (await web.get(f"/files/{number}", headers=other)).status_code == 200


async def test_head_measures_without_sending(web: httpx.AsyncClient) -> None:
    data = picture()
    number = (await filed(web, data)).json()["evidence"]["evidence_id"]
    answer = await web.head(f"/files/{number}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(data))


@pytest.mark.parametrize("path", ["", "/thumb"])
async def test_a_stranger_cannot_tell_an_item_from_none(web: httpx.AsyncClient, path: str) -> None:
    number = (await filed(web, picture())).json()["evidence"]["evidence_id"]
    hidden = await web.get(f"/files/{number}{path}", headers={"party": "stranger"})
    nothing = await web.get(f"/files/e-nothing{path}", headers={"party": "stranger"})
    assert hidden.status_code == nothing.status_code == 404
    assert hidden.content == nothing.content


async def test_an_upload_goes_on_where_the_link_broke(
    web: httpx.AsyncClient, claim: OneClaim
) -> None:
    place = await begun(web, len(FILM))
    first = await sent(web, place, 0, FILM[:700_001])
    state = await web.head(place)
    assert (first.status_code, first.content) == (204, b"")
    assert state.headers["upload-offset"] == "700001"
    assert state.headers["upload-length"] == str(len(FILM))
    last = await sent(web, place, 700_001, FILM[700_001:])
    assert last.status_code == 201
    number = last.json()["evidence"]["evidence_id"]
    assert (await web.get(f"/files/{number}")).content == FILM
    assert len(claim.recorded.items) == 1


async def test_a_lost_last_answer_is_given_again(web: httpx.AsyncClient, claim: OneClaim) -> None:
    data = picture()
    place = await begun(web, len(data))
    first = await sent(web, place, 0, data)
    again = await sent(web, place, len(data), b"")
    assert first.json() == again.json()
    assert len(claim.recorded.items) == 1


async def test_a_piece_for_another_place_is_told_the_right_one(web: httpx.AsyncClient) -> None:
    place = await begun(web, len(FILM))
    await sent(web, place, 0, FILM[:1000])
    answer = await sent(web, place, 0, FILM[:1000])
    assert (answer.status_code, answer.json()) == (409, {"code": "upload_offset", "offset": 1000})


@pytest.mark.parametrize("offset", ["", "-1", "x", "9" * 30, "٣"])
async def test_a_piece_without_a_place_is_malformed(web: httpx.AsyncClient, offset: str) -> None:
    place = await begun(web, 1000)
    headers = {b"upload-offset": offset.encode()}
    answer = await web.patch(place, content=b"a", headers=headers)
    assert answer.status_code == 400


async def test_the_link_that_breaks_inside_a_piece_keeps_what_came(
    app: Litestar, web: httpx.AsyncClient
) -> None:
    place = await begun(web, len(FILM))
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": FILM[:50_000], "more_body": True},
        {"type": "http.disconnect"},
    ]
    await called(app, "PATCH", place, messages, {"upload-offset": "0"})
    assert (await web.head(place)).headers["upload-offset"] == "50000"


async def test_the_form_that_breaks_off_leaves_nothing(
    app: Litestar, web: httpx.AsyncClient, tmp_path: Path
) -> None:
    head = (
        b'--x\r\nContent-Disposition: form-data; name="slot"\r\n\r\nerror_screen\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    )
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": head + FILM[:1_500_000], "more_body": True},
        {"type": "http.disconnect"},
    ]
    kind = {"content-type": "multipart/form-data; boundary=x"}
    await called(app, "POST", FORM, messages, kind)
    assert files_below(tmp_path) == []


async def test_an_upload_can_be_given_up(web: httpx.AsyncClient, tmp_path: Path) -> None:
    place = await begun(web, len(FILM))
    await sent(web, place, 0, FILM[:1000])
    assert (await web.delete(place)).status_code == 204
    assert (await web.head(place)).status_code == 404
    assert files_below(tmp_path) == []


async def test_another_party_s_upload_does_not_exist(web: httpx.AsyncClient) -> None:
    place = await begun(web, 1000)
    seller = {"party": "seller", "upload-offset": "0"}
    assert (await web.head(place, headers=seller)).status_code == 404
    assert (await web.patch(place, content=b"a", headers=seller)).status_code == 404
    assert (await web.delete(place, headers=seller)).status_code == 404


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"<svg onload='alert(1)'></svg>" + b" " * 200, 415, "file_type_not_accepted"),
        (b"<html><body onload=alert(1)>" + b" " * 200, 415, "file_type_not_accepted"),
        (archive(), 415, "file_type_not_accepted"),
        (picture("JPEG") + archive(), 415, "file_type_not_accepted"),
        (b"a" * 70_000, 413, "file_too_large"),
        (b"", 409, "file_empty"),
        (b"\xff\xd8\xff" + bytes(900), 409, "file_damaged"),
    ],
)
async def test_hostile_and_broken_files_get_a_clear_answer(
    web: httpx.AsyncClient, data: bytes, status: int, code: str
) -> None:
    answer = await filed(web, data, "../../../etc/passwd")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_hundred_megabytes_are_refused_without_reading_them(app: Litestar) -> None:
    length = {
        "content-type": "multipart/form-data; boundary=x",
        "content-length": str(100 * 1024 * 1024),
    }
    assert await called(app, "POST", FORM, [], length) == 413


async def test_a_declared_size_beyond_the_limit_is_refused(web: httpx.AsyncClient) -> None:
    body = {"claim_no": CLAIM, "slot": "error_screen", "filename": "a", "size": 10**9}
    assert (await web.post("/uploads", json=body)).status_code == 413


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data", b"", 415),
        ("multipart/form-data; boundary=x", b"", 400),
        ("multipart/form-data; boundary=x", b"no form at all", 400),
        ("multipart/form-data; boundary=x", b"--x--\r\n", 422),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data", 400),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="slot"\r\n\r\n\xff\r\n--x--\r\n',
            422,
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="slot"\r\n\r\n'
            + b"a" * 9000
            + b"\r\n--x--\r\n",
            422,
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nb\r\n--x--',
            422,
        ),
    ],
)
async def test_a_damaged_form_gets_a_clear_answer(
    web: httpx.AsyncClient, kind: str, body: bytes, status: int
) -> None:
    answer = await web.post(FORM, content=body, headers={"content-type": kind})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("claim_no", "party"), [(CLAIM, "stranger"), ("AS-000000-000000", "buyer")]
)
async def test_nobody_files_where_they_may_not(
    web: httpx.AsyncClient, claim_no: str, party: str
) -> None:
    answer = await web.post(
        f"/claims/{claim_no}/evidence",
        data={"slot": "error_screen"},
        files={"file": ("a", picture())},
        headers={"party": party},
    )
    assert answer.status_code == 404


async def test_the_same_form_a_hundred_times_at_once_is_one_item(
    web: httpx.AsyncClient, claim: OneClaim
) -> None:
    answers = await asyncio.gather(*(filed(web, picture()) for _ in range(100)))
    accepted = [answer for answer in answers if answer.status_code == 201]
    others = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    assert len({answer.json()["evidence"]["evidence_id"] for answer in accepted}) == 1
    assert others <= {"upload_limit"}
    assert len(claim.recorded.items) == 1


def files_below(folder: Path) -> list[Path]:
    return [place for place in folder.rglob("*") if place.is_file()]


async def called(
    app: Litestar, method: str, path: str, messages: list[dict[str, Any]], headers: dict[str, str]
) -> int:
    """Call the application as a server would, with a link that may break; answers the status."""
    waiting, statuses = list(messages), [0]

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    pairs = [(b"party", b"buyer"), *((k.encode(), v.encode()) for k, v in headers.items())]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": pairs,
        "scheme": "http",
        "server": ("makegood.test", 80),
        "client": ("127.0.0.1", 1),
        "http_version": "1.1",
        "asgi": {"version": "3.0"},
    }
    await app(scope, receive, send)  # type: ignore[arg-type]
    return statuses[-1]
