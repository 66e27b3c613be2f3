"""Which addresses tools may call."""

import threading
import time
from ipaddress import ip_address

import httpx2
import pytest

from agentmesh_dagster.settings import Settings
from agentmesh_dagster.tools.addresses import InvalidAllowedHosts, describe_refused, read_allowed_hosts
from agentmesh_dagster.tools.errors import AddressRefused, HttpTimedOut, HttpUnreachable, InvalidTool
from agentmesh_dagster.tools.outgoing import Answer, OutgoingCall, send_call
from agentmesh_dagster.tools.secrets import Secrets
from tests.costs import FAR_TOO_LONG_SECONDS
from tests.tools.servers import Recorder, call, make_tool

NOT_PUBLIC = """
    0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 168.63.129.16 169.254.169.254
    169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1
    198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::8.8.8.8
    ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 100::1
    2001::1 2001:20::1 2001:db8::1 2002:7f00:1::1 3fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 fd20:ce::254
    fe80::1 fe80::1%2 febf::1 fec0::1 ff02::1
"""
PUBLIC = """
    1.1.1.1 8.8.8.8 93.184.216.34 172.15.0.1 172.32.0.1 100.63.0.1 100.128.0.1 168.63.129.17 223.255.255.255
    2606:4700::1111 2a00:1450:4001:81b::200e 2001:4860:4860::8888
"""
SPELLINGS = """
    127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0x7F.0x0.0x0.0x1 017700000001 0177.1 0177.0.0.1 0 0x0
    0.0.0.0 localhost LOCALHOST [::1] [::] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1]
    [64:ff9b::7f00:1] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2001:0:7f00:1::] 169.254.169.254 2852039166
    0xa9fea9fe [fd00:ec2::254] [fe80::1] [fec0::1] [ff02::1] 10.0.0.1 192.168.0.1 172.16.0.1 100.64.0.1
    224.0.0.1 255.255.255.255 \u2460\u2461\u2466.0.0.1
"""


@pytest.mark.parametrize("address", NOT_PUBLIC.split())
def test_an_address_that_is_not_public_is_refused(address: str):
    assert describe_refused(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC.split())
def test_a_public_address_is_open(address: str):
    assert describe_refused(ip_address(address)) is None


@pytest.mark.parametrize("host", SPELLINGS.split())
def test_no_spelling_of_a_refused_address_gets_past(host: str, recorder: Recorder):
    tool = make_tool("http", url=f"http://{host}:{recorder.port}/latest/meta-data")

    with pytest.raises((AddressRefused, InvalidTool)):
        call(tool, settings=Settings(http_allow_hosts=""))

    assert not recorder.received


def test_a_refusal_names_the_address_and_the_setting():
    with pytest.raises(AddressRefused) as refused:
        call(make_tool("http", url="http://127.1/secret/path"), settings=Settings(http_allow_hosts=""))

    assert "127.0.0.1" in str(refused.value)
    assert "loopback" in str(refused.value)
    assert "AGENTMESH_HTTP_ALLOW_HOSTS" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("allowed", "works"),
    [
        ("127.0.0.1", True),
        ("127.0.0.0/8, 10.0.0.0/8", True),
        ("127.0.0.1:{port}", True),
        ("127.0.0.1:1", False),
        ("localhost", False),
        ("10.0.0.0/8", False),
        ("::ffff:127.0.0.1", False),
        ("0.0.0.0/0", True),
        ("", False),
    ],
)
def test_an_installation_may_allow_addresses_and_networks(allowed: str, works: bool, recorder: Recorder):
    settings = Settings(http_allow_hosts=allowed.format(port=recorder.port))
    tool = make_tool("http", url=recorder.url)

    if works:
        assert call(tool, settings=settings) == {}
    else:
        with pytest.raises(AddressRefused):
            call(tool, settings=settings)


def test_allowed_hosts_are_read_in_every_form():
    allowed = read_allowed_hosts("Billing.Internal, billing.internal:8443 ,10.1.0.0/16,[::1]:80,fd00::/8,")

    assert allowed.allows("BILLING.internal.", 1, ip_address("10.9.9.9"))
    assert allowed.allows("any", 1, ip_address("10.1.2.3"))
    assert allowed.allows("any", 80, ip_address("::1"))
    assert not allowed.allows("any", 81, ip_address("::1"))
    assert allowed.allows("any", 1, ip_address("fd12::1"))
    assert not allowed.allows("evil.billing.internal", 1, ip_address("10.9.9.9"))


@pytest.mark.parametrize("text", ["*", "http://a", "a b", "host:port", "host:0", "host:70000", "[::1", "a/b"])
def test_an_allowed_host_that_cannot_be_read_is_a_clear_error(text: str):
    with pytest.raises(InvalidAllowedHosts, match="AGENTMESH_HTTP_ALLOW_HOSTS"):
        read_allowed_hosts(text)


class Names:
    """A resolver with answers of its own, one after the other, the last for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, _: int) -> list[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def send_to(host: str, recorder: Recorder, names: Names, allowed: str = "127.0.0.1") -> Answer:
    url = httpx2.URL(f"http://{host}:{recorder.port}/")
    outgoing = OutgoingCall("GET", url, {}, None, Secrets(), time.monotonic() + 5)
    return send_call(outgoing, Settings(http_allow_hosts=allowed), resolve=names)


@pytest.mark.parametrize("host", ["rebind.example", "localhost.", "127.0.0.1."])
def test_a_name_that_points_inside_is_refused(host: str, recorder: Recorder):
    with pytest.raises(AddressRefused, match=r"` at 127.0.0.1 is a loopback address"):
        send_to(host, recorder, Names(["127.0.0.1"]), allowed="")

    assert not recorder.received


def test_a_name_that_changes_its_answer_is_asked_once_and_called_where_it_was_checked(recorder: Recorder):
    names = Names(["127.0.0.1"], ["169.254.169.254"])

    assert send_to("rebind.example", recorder, names).body == b"{}"

    assert names.asked == ["rebind.example"]
    assert recorder.received[0].headers["host"] == f"rebind.example:{recorder.port}"


def test_of_a_names_addresses_only_the_open_ones_are_tried(recorder: Recorder):
    names = Names(["10.0.0.1", "fd00:ec2::254", "127.0.0.1"])

    assert send_to("mixed.example", recorder, names).body == b"{}"


def test_an_address_that_does_not_answer_is_followed_by_the_next(recorder: Recorder):
    assert send_to("two.example", recorder, Names(["127.0.0.2", "127.0.0.1"]), allowed="127.0.0.0/8").body == b"{}"


@pytest.mark.parametrize("answer", ["/var/run/docker.sock", "127.1", ""])
def test_a_resolver_that_answers_no_address_reaches_nothing(answer: str, recorder: Recorder):
    with pytest.raises(AddressRefused, match="not at an IP address"):
        send_to("odd.example", recorder, Names([answer]))


def test_a_name_without_an_address_cannot_be_reached(recorder: Recorder):
    with pytest.raises(HttpUnreachable, match="no address"):
        send_to("empty.example", recorder, Names([]))


def test_a_resolver_that_hangs_does_not_hold_the_call(recorder: Recorder):
    over = threading.Event()

    def hang(*_: object) -> list[str]:
        over.wait(2 * FAR_TOO_LONG_SECONDS)
        return ["127.0.0.1"]

    url = httpx2.URL(f"http://slow.example:{recorder.port}/")
    started = time.monotonic()
    with pytest.raises(HttpTimedOut, match=r"slow\.example"):
        send_call(OutgoingCall("GET", url, {}, None, Secrets(), started + 0.1), Settings(), resolve=hang)

    assert time.monotonic() - started < FAR_TOO_LONG_SECONDS
    assert not recorder.received
    over.set()


def test_a_proxy_from_the_environment_is_not_used(recorder: Recorder, monkeypatch: pytest.MonkeyPatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, recorder.url)

    with pytest.raises(AddressRefused):
        call(make_tool("http", url="http://10.0.0.1/"))

    assert not recorder.received
