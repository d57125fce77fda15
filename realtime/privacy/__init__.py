"""Watch what a run of emodj writes and where it connects, and say by what it was watched.

proof        runs commands under a watcher and adds up what they did
events       what was written, connected to, or used on this computer alone
sockets      those of this computer that a window or a song needs
strace       the watcher that sees each call to the kernel
audit        the watcher that sees Python alone, with or without a network namespace
audited      the process that the second one runs
namespace    leaves the network, on Linux
places       the folders in which emodj keeps something
"""
