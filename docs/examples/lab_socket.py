r"""A plain socket to a bench, as a LabVIEW or MATLAB client writes to it: lines that end with ``\r\n``, no library.

``python lab_socket.py [PORT]``, while ``lightloop serve mnist_recovery`` runs.
"""

import socket
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 5025
with socket.create_connection(("127.0.0.1", port), timeout=60) as bench, bench.makefile("rb") as answers:

    def ask(line: str) -> str:
        """Return the answer to ``line``."""
        bench.sendall(line.encode("ascii") + b"\r\n")
        return answers.readline().decode("ascii").strip()

    print(ask("*IDN?"))  # Lightloop,chip+host,0,...
    values, outputs = ask("CHIP:SIZE?").split(",")
    samples = ",".join(["0.5"] * int(values))
    ask(f"CHIP:INPut {samples};*OPC?")  # one sample on the inputs
    print(ask("CHIP:PHASe (@1,3:5),0.4;*OPC?"))  # heaters 1, 3, 4 and 5; 1 when their heat has settled
    print(ask("CHIP:READ?"))  # what the receivers read
    print(ask("SYSTem:TIME?"))  # emulated seconds
    print(ask("SYSTem:ERRor?"))  # 0,"No error"
