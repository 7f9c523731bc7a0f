"""Leads a session on the terminal that is its stdin, as a shell does: runs a program there and notes how it
ended and whether the terminal is set as it was. Stays until the terminal is taken away, because some of
what a program leaves behind goes with the session.

Arguments: the file for the notes (a line of JSON each), the one for stderr, the program and its flags.
"""
import fcntl
import json
import resource
import signal
import subprocess
import sys
import termios


def lead(notes, arguments, errors):
    hung_up = []
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGWINCH):
        signal.signal(number, lambda *_: None)  # the program's own: it gets the default again
    signal.signal(signal.SIGHUP, lambda *_: hung_up.append(True))
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    before = termios.tcgetattr(0)
    program = subprocess.Popen(arguments, stderr=errors)
    print(json.dumps({"pid": program.pid}), file=notes, flush=True)
    code = program.wait()
    restored = not hung_up and termios.tcgetattr(0) == before
    print(json.dumps({"exit": code, "restored": restored}), file=notes, flush=True)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    while not hung_up:
        signal.pause()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open(sys.argv[1], "w") as notes, open(sys.argv[2], "w") as errors:
        lead(notes, sys.argv[3:], errors)
