"""Calls on behalf of flows reach public addresses only, however a URL is written and whatever a name leads to."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network

import httpcore
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.egress import Egress, networks_of
from services.chassis.egress.addresses import why_forbidden
from services.chassis.egress.client import MOST_ANSWER_BYTES, MOST_BODY_BYTES
from services.chassis.egress.dialler import CheckedDialler, system_addresses
from services.chassis.egress.refusals import Answer, Forbidden, NoAnswer
from services.chassis.egress.target import read_target
from tests.fixtures.spies import HANGS, SpyNetwork, SpyResolver, answer

PUBLIC, OTHER_PUBLIC, PUBLIC6 = "93.184.216.34", "1.1.1.1", "2606:4700::1111"
NAMES = {"api.example": [PUBLIC], "other.example": [OTHER_PUBLIC]}


class Outside:
    """An egress on spies."""

    def __init__(
        self,
        *answers: bytes,
        names: Mapping[str, Sequence[str] | Sequence[Sequence[str]]] | None = None,
        allowed: str = "",
        away: frozenset[str] = frozenset(),
        seconds: float = 60.0,
    ) -> None:
        self.network = SpyNetwork(list(answers), away)
        self.resolver = SpyResolver(NAMES if names is None else names)
        self.egress = Egress(allowed=networks_of(allowed), resolve=self.resolver, network=self.network, seconds=seconds)

    async def get(self, url: str, **headers: str) -> Answer:
        return await self.egress.call("GET", url, headers={k.replace("_", "-"): v for k, v in headers.items()})


FORBIDDEN = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
    "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.8", "192.0.0.9",
    "192.0.0.170", "192.0.0.192", "192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.1.1",
    "192.175.48.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
    "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::808:808",
    "64:ff9b:1::1", "100::1", "100:0:0:1::1", "2001::1", "2001:0:5ef5:79fb::1", "2001:2::1", "2001:20::1",
    "2001:db8::1", "2002::1", "2002:7f00:1::", "2620:4f:8000::1", "3fff::1", "4000::1", "5f00::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "1::1", "f000::1",
]  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
async def test_an_address_that_is_nobodys_website_is_never_dialled(address: str) -> None:
    outside = Outside(answer(), names={"bad.example": [address]})
    literal = f"[{address}]" if ":" in address else address

    for url in ("https://bad.example/", f"http://{literal}/", f"https://{literal}:443/x"):
        with pytest.raises(Forbidden):
            await outside.get(url)
    assert outside.network.dialled == []


@pytest.mark.parametrize("address", [PUBLIC, OTHER_PUBLIC, "8.8.8.8", "192.0.1.1", "172.32.0.1", "223.255.255.255"])
async def test_a_public_address_is_dialled(address: str) -> None:
    outside = Outside(answer(), answer(), names={"good.example": [address]})

    assert (await outside.get("http://good.example/")).status == 200
    assert (await outside.get(f"http://{address}/")).status == 200
    assert outside.network.dialled == [(address, 80)] * 2
    assert outside.resolver.asked == ["good.example"]


@pytest.mark.parametrize("address", [PUBLIC6, "2001:4860:4860::8888", "2a00:1450:4001:81b::200e", "2003::1"])
async def test_a_public_ipv6_address_is_dialled(address: str) -> None:
    outside = Outside(answer(), names={"good.example": [address]})
    assert (await outside.get("http://good.example/")).status == 200
    assert outside.network.dialled == [(address, 80)]


@given(st.ip_addresses())
def test_no_address_that_python_knows_to_be_private_is_taken_for_public(address: object) -> None:
    known = ip_address(str(address))
    if not known.is_global or known.is_multicast or known.is_reserved or known.is_loopback or known.is_link_local:
        assert why_forbidden(known) is not None


ODD = [
    "ftp://api.example/", "file:///etc/passwd", "gopher://api.example/", "//api.example/", "api.example", "",
    "http:api.example", "http:///x", "https://", "http://user@api.example/", "http://user:pass@api.example/",
    "http://api.example@127.0.0.1/", "http://api.example:pass@127.0.0.1:80/", "http://127.0.0.1\\@api.example/",
    "http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://127.1/",
    "http://127.0.1/", "http://1.2.3.4.5/", "http://256.1.1.1/", "http://08.8.8.8/", "http://1/", "http://0/",
    "http://127.0.0.1./", "http://api.example./", "http://.api.example/", "http://api..example/", "http://-a.example/",
    "http://１２７.0.0.1/", "http://①②⑦.0.0.1/", "http://ａpi.example/", "http://café.example/", "http://api。example/",
    "http://api.example:22/", "http://api.example:8080/", "http://api.example:0/", "http://api.example:080/",
    "http://api.example:65536/", "http://api.example:-1/", "http://api.example:80:80/", "http://api.example:８０/",
    "http://[::1/", "http://::1/", "http://[::1]x/", "http://[::1%25eth0]/", "http://[1.2.3.4]/", "http://[]/",
    "http://api.example\r\nHost: x/", "http://api.example/\r\nX: y", "http://api.example/\x00", "http://api example/",
    "http://api%2eexample/", "http://a%00b.example/", "http://" + "a" * 64 + ".example/",
    "http://" + "a." * 127 + "aa/",
    "http://api.example/" + "x" * 5000, "http://api_.*example/", "http://0xg.0x7f/", "http://x.0x/", "unix:///run/x",
]  # fmt: skip


@pytest.mark.parametrize("url", ODD)
async def test_a_url_that_others_might_read_otherwise_is_refused_before_anybody_is_asked(url: str) -> None:
    outside = Outside(answer(), names={name: [PUBLIC] for name in (*NAMES, "localhost", "127.0.0.1", "1")})

    with pytest.raises(Forbidden):
        await outside.get(url)
    assert (outside.network.dialled, outside.resolver.asked) == ([], [])


_PIECES = st.sampled_from(
    ["http://", "https://", "HTTP://", "//", "/", "\\", "@", ":", "[", "]", "::1", "127.0.0.1", "10.1", "0x7f", "017",
     "api.example", "bad.example", "localhost", "%2e", ".", "#", "?", "80", "443", "22", "\t", " ", "é", "１",
     "fe80::1%1"]
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.lists(_PIECES, max_size=9).map("".join))
def test_whatever_a_url_is_made_of_only_public_addresses_are_dialled(url: str) -> None:
    names = {"api.example": [PUBLIC, PUBLIC6], "bad.example": [PUBLIC, "10.0.0.1"], "localhost": ["127.0.0.1"]}
    outside = Outside(answer(), names=names)
    with contextlib.suppress(Forbidden, NoAnswer):
        asyncio.run(outside.get(url))
    assert {host for host, _ in outside.network.dialled} <= {PUBLIC, PUBLIC6}
    assert {port for _, port in outside.network.dialled} <= {80, 443}


@pytest.mark.parametrize("answers", [[PUBLIC, "127.0.0.1"], ["10.0.0.1", PUBLIC], [PUBLIC, PUBLIC6, "fe80::1"]])
async def test_a_name_with_one_bad_address_among_good_ones_is_not_called(answers: list[str]) -> None:
    outside = Outside(answer(), names={"mixed.example": answers})

    with pytest.raises(Forbidden, match="may not be called"):
        await outside.get("https://mixed.example/")
    assert outside.network.dialled == []


async def test_a_name_that_changes_between_check_and_dial_gains_nothing() -> None:
    outside = Outside(answer(Connection="close"), answer(), names={"turns.example": [[PUBLIC], ["127.0.0.1"]]})

    assert (await outside.get("http://turns.example/")).status == 200
    # The next connection looks again, and finds it out.
    with pytest.raises(Forbidden):
        await outside.get("http://turns.example/")
    assert outside.network.dialled == [(PUBLIC, 80)]
    assert outside.resolver.asked == ["turns.example"] * 2


async def test_a_kept_connection_leads_to_the_address_that_was_checked() -> None:
    outside = Outside(answer(), answer(), names={"turns.example": [[PUBLIC], ["127.0.0.1"]]})
    for _ in range(2):
        assert (await outside.get("http://turns.example/")).body == b"ok"

    assert outside.network.dialled == [(PUBLIC, 80)]


async def test_the_request_and_the_certificate_keep_the_name() -> None:
    outside = Outside(answer())
    await outside.get("https://API.example/v1/pão?q=a b&r={x}#part", X_Key="secret")

    assert outside.network.dialled == [(PUBLIC, 443)]
    assert outside.network.names == ["api.example"]
    assert outside.network.sent.startswith("GET /v1/p%C3%A3o?q=a%20b&r=%7Bx%7D HTTP/1.1\r\nHost: api.example\r\n")
    assert "X-Key: secret\r\n" in outside.network.sent


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://api.example:443/", "api.example:443"),
        (f"http://[{PUBLIC6}]/", f"[{PUBLIC6}]"),
        (f"http://[{PUBLIC6}]:443/", f"[{PUBLIC6}]:443"),
        ("http://api.example:80", "api.example"),
    ],
)
async def test_the_host_header_says_where_the_call_goes(url: str, host: str) -> None:
    outside = Outside(answer())
    await outside.get(url)

    assert f"\r\nHost: {host}\r\n" in outside.network.sent


async def test_the_next_address_is_dialled_when_the_first_does_not_answer() -> None:
    outside = Outside(answer(), names={"two.example": [PUBLIC, OTHER_PUBLIC]}, away=frozenset({PUBLIC}))

    assert (await outside.get("http://two.example/")).status == 200
    assert outside.network.dialled == [(PUBLIC, 80), (OTHER_PUBLIC, 80)]


async def test_a_name_with_very_many_addresses_is_not_tried_for_ever() -> None:
    addresses = [f"8.8.8.{number}" for number in range(100)]
    outside = Outside(names={"many.example": addresses}, away=frozenset(addresses))

    with pytest.raises(NoAnswer, match="connection failed"):
        await outside.get("http://many.example/")
    assert len(outside.network.dialled) == 4


@pytest.mark.parametrize("names", [{}, {"api.example": []}, {"api.example": ["no address"]}])
async def test_a_name_that_leads_nowhere_is_told(names: dict[str, list[str]]) -> None:
    with pytest.raises(NoAnswer, match="the name"):
        await Outside(names=names).get("http://api.example/")


async def test_networks_of_the_operator_may_be_called_and_no_others() -> None:
    names = {"inside.example": ["10.20.0.5"], "elsewhere.example": ["10.21.0.5"], "six.example": ["fd12::5"]}
    outside = Outside(answer(), answer(), names=names, allowed="10.20.0.0/16, fd12::/32")

    assert (await outside.get("http://inside.example/")).status == 200
    assert (await outside.get("http://six.example/")).status == 200
    with pytest.raises(Forbidden):
        await outside.get("http://elsewhere.example/")
    with pytest.raises(Forbidden):
        await outside.get("http://[::ffff:10.20.0.5]/")


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "inside.example", "10.0.0.0/8;fd00::/8"])
def test_a_network_that_is_none_is_told_with_the_mend(text: str) -> None:
    with pytest.raises(ValueError, match="is no network; write it like"):
        networks_of(text)


def test_no_networks_are_none() -> None:
    assert networks_of("") == networks_of(" , ") == ()
    assert networks_of("10.0.0.0/8,fd00::/8") == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


async def test_a_redirect_is_followed_and_checked_like_the_first_url() -> None:
    outside = Outside(answer(302, Location="//other.example/x"), answer(body=b"there"))
    assert (await outside.get("https://api.example/")).body == b"there"
    assert outside.network.dialled == [(PUBLIC, 443), (OTHER_PUBLIC, 443)]

    for place in ("http://169.254.169.254/latest", "https://api.example:22/", "http://[::1]/", "https://a@api.example/",
                  "https://bad.example/", "file:///etc/passwd", "https://[", "http://api.example/"):  # fmt: skip
        outside = Outside(answer(302, Location=place), answer(), names={**NAMES, "bad.example": ["10.0.0.1"]})
        with pytest.raises((Forbidden, NoAnswer)):
            await outside.get("https://api.example/")
        assert outside.network.dialled == [(PUBLIC, 443)]


async def test_redirects_have_an_end() -> None:
    outside = Outside(*[answer(302, Location="/again")] * 5)
    with pytest.raises(NoAnswer, match="more than 3 times"):
        await outside.get("https://api.example/")
    assert outside.network.sent.count("GET ") == 4


async def test_what_was_meant_for_one_origin_is_not_told_another() -> None:
    outside = Outside(answer(307, Location="https://other.example/x"), answer())
    headers = {"Authorization": "Bearer s3cret", "X-Key": "s3cret", "Cookie": "s=s3cret", "Accept": "text/plain"}
    await outside.egress.call("POST", "https://api.example/", headers=headers, body=b"order")
    first, second = (stream.sent.decode() for stream in outside.network.streams)

    assert first.count("s3cret") == 3
    assert "s3cret" not in second
    assert "Accept: text/plain" in second
    assert second.startswith("POST /x HTTP/1.1")
    assert second.endswith("order")


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_a_post_that_is_redirected_becomes_a_get_without_a_body(status: int) -> None:
    outside = Outside(answer(status, Location="/done"), answer())
    await outside.egress.call("POST", "https://api.example/", headers={"Content-Type": "text/plain"}, body=b"order")
    second = outside.network.sent.partition("order")[2]

    assert second.startswith("GET /done HTTP/1.1")
    assert "Content-Type" not in second
    assert second.endswith("\r\n\r\n")


async def test_a_redirect_that_names_no_place_is_an_answer() -> None:
    assert (await Outside(answer(304)).get("https://api.example/")).status == 304


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "a\r\nHost: evil"), ("X", "a\nb"), ("X", "a\x00"), ("X", "€"), ("X\r\nY", "a"), ("X Y", "a"), ("", "a"),
        ("Host", "evil"), ("content-length", "0"), ("Transfer-Encoding", "chunked"), ("Connection", "upgrade"),
        ("Proxy-Authorization", "a"), ("Accept-Encoding", "gzip"), ("Upgrade", "h2c"), ("X", "y" * 20_000),
    ],
)  # fmt: skip
async def test_a_header_that_would_say_more_than_itself_is_refused(name: str, value: str) -> None:
    outside = Outside(answer())
    with pytest.raises(Forbidden):
        await outside.egress.call("GET", "https://api.example/", headers={name: value})
    assert outside.network.dialled == []


async def test_a_header_that_is_there_twice_is_refused() -> None:
    with pytest.raises(Forbidden):
        await Outside().egress.call("GET", "https://api.example/", headers={"X-Key": "a", "x-key": "b"})


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "GET / HTTP/1.1\r\n", "", "get it"])
async def test_only_the_usual_methods_are_used(method: str) -> None:
    with pytest.raises(Forbidden, match="may not be used"):
        await Outside().egress.call(method, "https://api.example/", headers={})


async def test_what_is_sent_has_an_end() -> None:
    with pytest.raises(Forbidden, match="body"):
        await Outside().egress.call("POST", "https://api.example/", headers={}, body=b"x" * (MOST_BODY_BYTES + 1))


async def test_an_answer_has_an_end() -> None:
    whole = Outside(answer(body=b"x" * MOST_ANSWER_BYTES))
    assert len((await whole.get("https://api.example/")).body) == MOST_ANSWER_BYTES

    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 17
    for large in (answer(body=b"x" * (MOST_ANSWER_BYTES + 1)), endless):
        with pytest.raises(NoAnswer, match="larger than"):
            await Outside(large).get("https://api.example/")


async def test_an_answer_that_is_packed_is_not_unpacked() -> None:
    outside = Outside(answer(Content_Encoding="gzip"))
    with pytest.raises(NoAnswer, match="packed"):
        await outside.get("https://api.example/")
    assert "Accept-Encoding: identity" in outside.network.sent


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000, b"\x00" * 100])
async def test_what_is_no_answer_is_told(said: bytes) -> None:
    with pytest.raises(NoAnswer):
        await Outside(said).get("https://api.example/")


async def test_an_answer_that_asks_for_another_protocol_is_none() -> None:
    with pytest.raises(NoAnswer):
        await Outside(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n").get("https://api.example/")


@pytest.mark.parametrize("said", [[HANGS], [answer(302, Location="/x"), HANGS], [b"HTTP/1.1 200 OK\r\n", HANGS]])
async def test_a_call_takes_no_longer_than_it_may_with_all_that_belongs_to_it(said: list[bytes]) -> None:
    with pytest.raises(NoAnswer, match=r"within 0\.05 seconds"):
        await Outside(*said, seconds=0.05).get("https://api.example/")


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    outside = Outside(answer(), answer(Connection="close"))
    await outside.get("http://api.example/")
    await outside.get("https://api.example/")

    assert {host for host, _ in outside.network.dialled} == {PUBLIC}
    await outside.egress.close()


async def test_sockets_of_this_machine_are_not_called() -> None:
    dialler = CheckedDialler(resolve=SpyResolver({}), network=SpyNetwork(), allowed=())
    with pytest.raises(Forbidden):
        await dialler.connect_unix_socket("/run/postgres.sock")


def test_the_dialler_stands_where_httpcore_calls_the_network() -> None:
    """A method that httpcore gained would go past the check: the dialler must have an own one for each."""
    of_httpcore = {name for name, _ in inspect.getmembers(httpcore.AsyncNetworkBackend, inspect.isfunction)}
    assert {name for name in of_httpcore if not name.startswith("__")} <= set(vars(CheckedDialler))


def test_a_target_is_read_back_as_it_was_written() -> None:
    for url in ("https://api.example/a?b=c", "http://api.example:443/", f"http://[{PUBLIC6}]/x"):
        assert read_target(url, {80, 443}).url == url
        assert read_target(read_target(url, {80, 443}).url, {80, 443}) == read_target(url, {80, 443})


async def test_the_systems_resolver_is_asked_for_addresses_of_streams() -> None:
    assert await system_addresses("127.0.0.1", 80) == ["127.0.0.1"]
