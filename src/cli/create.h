/* cli/create.h: the options that create and run share. */
#pragma once

struct args;
struct create_opts;
struct err;

int cli_create_opts(const struct args *args, struct create_opts *ret,
		    struct err *err);
