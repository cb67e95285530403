/* bench/report_colour.c
 * hull is warm, all others are cool, so that it stands out without a legend;
 * floors are grey.  Each light colour has a contrast of at least 4.5 to white,
 * each dark one to #14171c (WCAG 2.1, 1.4.3), since they also colour text. */
#include "base/cleanup.h"
#include "base/str.h"
#include "bench/report_internal.h"

static const char *const owners[] = {
	"hull-namespaces", "hull-wasm", "hull-appkernel",
	"hull-microvm",    "runc",      "crun",
	"youki",           "runsc",     "kata",
	"wasmedge",        "wasmtime",  "wasmer",
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
	{"#3d4a63", "#93a5c9"}, {"#7fae93", "#6f9f84"}, {"#dba650", "#d9a851"},
	{"#b5654a", "#c97a5e"}, {"#8c7aa3", "#8d7ba8"}, {"#c3c9d1", "#4c5563"},
};

int colour_of_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++)
		if (str_eq(owners[i], name))
			return (int)i;
	/* Below an engine hull stays warm. */
	if (str_ends_with(name, "+hull-wasm"))
		return 3;
	return str_ends_with(name, "hull-namespaces") ? 2 : -1;
}

unsigned int colour_first_free(void)
{
	return ARRAY_SIZE(owners);
}
