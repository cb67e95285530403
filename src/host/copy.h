/* host/copy.h
 * Copies of directory trees, for tmpcopyup. */
#pragma once

struct err;

/* Everything in the directory `from` (O_RDONLY) into the directory `to`:
 * directories, files, symlinks, FIFOs, sockets and devices, with owner, mode,
 * times and extended attributes, and those of `from` itself.  Hard links
 * become files of their own.  Other filesystems mounted below are not
 * entered. */
int copy_tree(int from, int to, struct err *err);
