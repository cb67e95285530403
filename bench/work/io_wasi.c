/* What WASI preview 1 has of it. */
#include "io.h"

#include <stddef.h>

const struct io_op io_ops[] = {
	{"open-close", io_open_close}, {"stat", io_stat}, {"read", io_read},
	{"write", io_write},           {"walk", io_walk}, {NULL, NULL},
};
