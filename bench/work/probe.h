/* What `hull bench surface` runs in each sandbox: a program that looks, from
 * inside, at what an attacker could touch, and prints a line for each find:
 *
 *	kernel RELEASE VERSION
 *	boot ID				/proc/sys/kernel/random/boot_id
 *	ns TYPE INODE
 *	caps PERMITTED BOUNDING		bits, in hexadecimal
 *	no_new_privs 0|1
 *	seccomp MODE			of /proc/self/status
 *	lsm LABEL
 *	how filter|errno		how refusals were told apart, see below
 *	call NUMBER ANSWER		reached, refused, killed, absent, untried
 *	device PATH			it could be opened
 *	writable PATH			below /proc and /sys, for writing
 *	more FOLDER NUMBER		of these, whose names are left out
 *	end				nothing is missing
 *
 * Nothing that is found is used: files are opened and closed, system calls
 * get arguments that no kernel accepts.  "probe --host" doesn't even open.
 *
 * The host's probe (probe_host.c) prints all of it; the module
 * (probe_wasi.c) what WASI lets it look at. */
#pragma once

/* probe_calls.c: each system call's number, in a child. */
void probe_calls(void);
/* probe_files.c: devices below /dev; /proc and /sys.  `only_ask`: by their
 * modes, without opening any.  That is for the host itself, which has devices
 * that notice (a serial line's other end is reset, a tape rewound). */
void probe_devices(int only_ask);
void probe_writable(int only_ask);
