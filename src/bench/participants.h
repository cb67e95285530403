/* bench/participants.h
 * Who takes part: the rows of participants.def that are there and work. */
#pragma once

struct bench;
struct bench_command;
struct err;

/* Look for every row's program and ask its version; fills b->participants.
 * -EINVAL when the user names one that does not exist. */
int participants_find(struct bench *b, const struct bench_command *c,
		      struct err *err);
/* Start a hello once with each that is there; those that can't get a reason.
 * What was found goes to b->r. */
void participants_try(struct bench *b);
/* "hull bench list" */
void participants_print(const struct bench *b);
/* The path of a program in PATH or a sbin folder, or NULL. */
char *participants_program(const char *name);
