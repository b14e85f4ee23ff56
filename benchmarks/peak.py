"""The peak memory of a program that a benchmark starts, as a line of that program's source."""

PEAK = """
def peak():
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1024
"""
"""A function, of MB; `ru_maxrss` begins with the memory of the process that starts the program."""
