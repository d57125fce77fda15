from __future__ import annotations

from pathlib import Path

import pytest

from realtime.privacy import strace
from realtime.privacy.events import Event, Kind, socket_event

pytestmark = pytest.mark.posix

START = Path("/start")
INET = '{sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}'
INET6 = (
    '{sa_family=AF_INET6, sin6_port=htons(9), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}'
)


def events(line: str) -> list[Event]:
    return list(strace.events_of_call(line, START))


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ('openat(AT_FDCWD</start>, "new", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</start/new>', "/start/new"),
        ('open("/a/b", O_RDWR) = 3', "/a/b"),
        ('openat(5</a>, "b/../c", O_RDWR) = 6</a/c>', "/a/c"),
        ('mkdir("new", 0777) = 0', "/start/new"),
        ('rename("/a/old", "/a/new") = 0', "/a/new"),
        ('renameat2(AT_FDCWD</start>, "old", 7</b>, "new", 0) = 0', "/b/new"),
        ('unlink("/a/x") = 0', "/a/x"),
        (r'openat(AT_FDCWD</start>, "\303\266ut \"x\".png", O_WRONLY) = 3', '/start/öut "x".png'),
        ('mkdir("/a/) = 3", 0777)   = 0', "/a/) = 3"),
        ('openat(AT_FDCWD</start>, "/a/) = -1 x", O_WRONLY|O_CREAT, 0666) = 3</a/) = -1 x>', "/a/) = -1 x"),
        ('openat(AT_FDCWD</a) = -1 x>, "new", O_WRONLY|O_CREAT, 0666) = 3</a) = -1 x/new>', "/a) = -1 x/new"),
        ('openat(AT_FDCWD</start>, "/proc/self/fd/7", O_WRONLY|O_TRUNC) = 5</home/x/photo.jpg>', "/home/x/photo.jpg"),
        ('openat(AT_FDCWD</start>, "/dev/fd/7", O_RDWR) = 5</home/x/photo.jpg>(deleted)', "/home/x/photo.jpg"),
        (r'openat(AT_FDCWD</start>, "/l", O_RDWR) = 4</a/weird\74a\76\n>', "/a/weird<a>\n"),
        ('openat(AT_FDCWD</st>, "/a/O_RDONLY", O_WRONLY) = 3', "/a/O_RDONLY"),
    ],
)
def test_a_path_that_changes_is_written(line: str, path: str) -> None:
    assert events(line) == [Event(Kind.WRITTEN, path)]


@pytest.mark.parametrize(
    "line",
    [
        'openat(AT_FDCWD</start>, "x", O_RDONLY|O_CLOEXEC) = 3',
        'openat(AT_FDCWD</start>, "O_RDWR", O_RDONLY) = 3',
        'openat(AT_FDCWD</O_RDWR>, "x", O_RDONLY) = 3</O_RDWR/x>',
        'openat(AT_FDCWD</start>, "/gone/x", O_WRONLY) = -1 ENOENT (No such file or directory)',
        'openat(AT_FDCWD</start>, "/dev/null", O_WRONLY) = 3',
        'connect(3<socket:[1]>, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT (No such file)',
        "bind(3<socket:[1]>, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 0",
        'sendto(3<socket:[1]>, "GET", 3, MSG_NOSIGNAL, NULL, 0) = 3',
        'connect(3<socket:[1]>, {sa_family=AF_UNSPEC, sa_data="\\0"}, 16) = 0',
        f"bind(3<socket:[1]>, {INET}, 16) = -1 EADDRINUSE (Address already in use)",
        "+++ exited with 0 +++",
        "--- SIGCHLD {si_signo=SIGCHLD} ---",
        "",
    ],
)
def test_what_changes_nothing_is_no_event(line: str) -> None:
    assert events(line) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (f"connect(3<socket:[1]>, {INET}, 16) = -1 ECONNREFUSED (Connection refused)", "127.0.0.1:9"),
        (f"connect(3<socket:[1]>, {INET}, 16) = -1 EINPROGRESS (Operation now in progress)", "127.0.0.1:9"),
        (f"connect(3<socket:[1]>, {INET}, 16) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)", "127.0.0.1:9"),
        (f"connect(3<socket:[1]>, {INET}, 16 <unfinished ...>", "127.0.0.1:9"),
        (f"connect(3<socket:[1]>, {INET6}, 28) = 0", "[::1]:9"),
        (f'sendto(3<socket:[1]>, "{{sa_family=AF_UNIX}}", 3, 0, {INET}, 16) = 3', "127.0.0.1:9"),
        (f'sendmsg(3<socket:[1]>, {{msg_name={INET}, msg_namelen=16, msg_iov=[{{iov_base="abc"}}]}}, 0) = 3', "127.0.0.1:9"),
        (f"bind(3<socket:[1]>, {INET}, 16) = 0", "listened at 127.0.0.1:9"),
        ("connect(3<socket:[1]>, {sa_family=AF_BLUETOOTH, bt_addr=1}, 8) = 0", "address of the family BLUETOOTH"),
        (
            "connect(3<socket:[1]>, {sa_family=AF_VSOCK, svm_cid=VMADDR_CID_HOST, svm_port=0x1}, 16) = -1 EINPROGRESS (now)",
            "address of the family VSOCK",
        ),
        (
            'connect(3<socket:[1]>, {sa_family=AF_UNIX, sun_path="/run/systemd/resolve/io.systemd.Resolve"}, 42) = 0',
            "socket /run/systemd/resolve/io.systemd.Resolve",
        ),
        ('sendto(3<socket:[1]>, "cut', 'a call that was not understood: sendto(3<socket:[1]>, "cut'),
        ("io_uring_setup(8, {flags=0}) = 3", "io_uring, which strace does not see through"),
    ],
)
def test_every_address_is_connected(line: str, what: str) -> None:
    assert events(line) == [Event(Kind.CONNECTED, what)]


@pytest.mark.parametrize("path", ["/proc/self/fd/5", "/dev/fd/5"])
@pytest.mark.parametrize("what", ["pipe:[2584378]", "/memfd:sound"])
def test_what_has_no_place_on_a_disk_is_local(path: str, what: str) -> None:
    (found,) = events(f'openat(AT_FDCWD</start>, "{path}", O_WRONLY) = 6<{what}>')
    assert found.kind is Kind.LOCAL
    assert path in found.what


def test_a_socket_of_the_screen_is_local() -> None:
    assert events('connect(3<socket:[1]>, {sa_family=AF_UNIX, sun_path=@"/tmp/.X11-unix/X0"}, 20) = 0') == [
        socket_event("@/tmp/.X11-unix/X0")
    ]


def test_what_is_sent_adds_no_address_and_fails_nothing() -> None:
    payload = r"inet_addr(\"1.2.3.4\"), htons(1), {sa_family=AF_INET, sin_port=htons(1)"
    assert events(f'sendto(3<socket:[1]>, "{payload}", 3, 0, {INET}, 16) = 3') == [Event(Kind.CONNECTED, "127.0.0.1:9")]
