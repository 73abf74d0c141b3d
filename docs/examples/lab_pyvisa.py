"""Ten lines of pyvisa to a bench that ``lightloop serve mnist_recovery`` lends: ``python lab_pyvisa.py [PORT]``."""

import sys

import pyvisa

where = f"TCPIP::127.0.0.1::{sys.argv[1] if len(sys.argv) > 1 else 5025}::SOCKET"
bench = pyvisa.ResourceManager("@py").open_resource(where, read_termination="\n", write_termination="\n")
print(bench.query("*IDN?"))
values, outputs = bench.query_ascii_values("CHIP:SIZE?", converter="d")
bench.write_ascii_values("CHIP:INPut ", [0.5] * values)  # one sample on the inputs
bench.write("CHIP:PHASe (@1,3:5),0.4")  # radians, at heaters 1, 3, 4 and 5
bench.query("*OPC?")  # the heat has settled
print(bench.query_ascii_values("CHIP:READ?"), bench.query("SYSTem:ERRor?"))
