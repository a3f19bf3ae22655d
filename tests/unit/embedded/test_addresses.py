import socket

from services.embedded.addresses import HIGHEST_PORT, LOOPBACK, choose_port, claim_exactly, claim_port, is_free


def listener() -> socket.socket:
    """Listen on a port below the range of outgoing connections, as a user's own server would."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((LOOPBACK, choose_port()))
    server.listen()
    return server


def test_a_free_preferred_port_is_taken() -> None:
    wanted = choose_port()
    assert choose_port(None, wanted) == wanted


def test_a_busy_preferred_port_gives_way_to_the_next_preferred_one() -> None:
    second = choose_port()
    with listener() as server:
        assert choose_port(server.getsockname()[1], second) == second


def test_a_busy_port_gives_way_to_one_that_the_kernel_hands_to_no_connection() -> None:
    with listener() as server:
        busy = server.getsockname()[1]
        chosen = choose_port(busy)
    assert chosen != busy
    assert chosen <= HIGHEST_PORT < 32_768


def test_a_port_somebody_listens_on_at_every_address_is_busy() -> None:
    with socket.socket() as server:
        server.bind(("0.0.0.0", choose_port()))
        server.listen()
        assert not is_free(server.getsockname()[1])


def test_a_port_is_free_again_right_after_its_connections_were_closed() -> None:
    with listener() as server:
        port = server.getsockname()[1]
        with socket.create_connection((LOOPBACK, port)):
            accepted, _ = server.accept()
            accepted.close()
    assert is_free(port)


def test_no_port_is_chosen_twice_for_one_plan() -> None:
    taken: set[int] = set()
    chosen = [choose_port(taken=taken) for _ in range(40)]
    assert len(set(chosen)) == 40
    assert choose_port(chosen[0], taken=taken) != chosen[0]


def test_a_claimed_port_gives_way_to_the_next_before_anybody_listens_on_it() -> None:
    first, second = choose_port(), choose_port()
    claim = claim_port(first, taken=set())
    assert claim.port == first
    other = claim_port(first, second, taken=set())
    assert other.port == second
    assert claim_exactly(first) is None
    for each in (claim, other):
        each.release()


def test_a_released_port_can_be_claimed_again_and_a_busy_one_cannot() -> None:
    port = choose_port()
    for _ in range(2):
        claim = claim_exactly(port)
        assert claim is not None
        claim.release()
    with listener() as server:
        assert claim_exactly(server.getsockname()[1]) is None
