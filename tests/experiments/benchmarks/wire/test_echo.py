"""The echoes send back what they are sent."""

import socket

from experiments.benchmarks.wire import questions


def test_both_echoes_send_back_a_line() -> None:
    with questions._echoes() as ends:
        for port, _ in ends:
            with (
                socket.create_connection(("127.0.0.1", port), timeout=20) as line,
                line.makefile("rb") as answers,
            ):
                line.sendall(b"hello\n")
                assert answers.readline() == b"hello\n"
