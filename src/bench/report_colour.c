/* bench/report_colour.c
 * hull is warm, all others are cool, so that it stands out without a legend;
 * floors are grey.  Each light colour has a contrast of at least 4.5 to white,
 * each dark one to #14171c (WCAG 2.1, 1.4.3), since they also colour text. */
#include "base/cleanup.h"
#include "base/str.h"
#include "bench/report_internal.h"

static const char *const owners[] = {
	"hull-namespaces", "hull-wasm", "hull-appkernel", "hull-microvm",
	"runc",            "crun",      "youki",          "runsc",
	"kata",            "wasmedge",  "wasmtime",       "wasmer",
	"iwasm",           "wasm3",     "node",
};

const struct colour colour_series[COLOURS] = {
	{"#c2410c", "#ff9152"}, {"#b3124f", "#ff7aa8"}, {"#92400e", "#e5a663"},
	{"#9a3412", "#f2b8a0"}, {"#1d4f91", "#82b4f4"}, {"#1a74ad", "#58bdf5"},
	{"#0b7480", "#4bc7d1"}, {"#287348", "#6fcb94"}, {"#5f6f1d", "#b9cb68"},
	{"#6440b4", "#b49af8"}, {"#8a4bb0", "#d3a2f2"}, {"#75609b", "#bdaae0"},
	{"#53658a", "#a3b4d6"}, {"#71614e", "#c5b29c"}, {"#497432", "#9bcb78"},
	{"#3e5c76", "#9db8d0"}, {"#0a6a94", "#67c6ec"}, {"#3b6e6e", "#86c4c0"},
	{"#4f5fa8", "#a5b1f2"}, {"#665f7a", "#b7aecb"}, {"#52707f", "#a9c5d3"},
	{"#5a6b4f", "#b0c4a3"}, {"#4b5563", "#aab4c2"}, {"#6b7280", "#8f98a6"},
};

const struct colour colour_part[PARTS] = {
	{"#c2410c", "#ff9152"}, {"#e0a340", "#f2c46d"}, {"#1d4f91", "#82b4f4"},
	{"#4b97c4", "#4f93c4"}, {"#6440b4", "#b49af8"}, {"#a8b0bb", "#5a6472"},
};

int colour_of_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++)
		if (str_eq(owners[i], name))
			return (int)i;
	return -1;
}

unsigned int colour_first_free(void)
{
	return ARRAY_SIZE(owners);
}
