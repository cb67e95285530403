/* bench/guests.h
 * The files of bench/guests/, made into arrays by tools/embed. */
#pragma once

#include <stddef.h>

extern const unsigned char guest_hello[], guest_sleep[], guest_hello_wasm[],
	guest_sleep_wasm[], guest_node[];
extern const size_t guest_hello_size, guest_sleep_size, guest_hello_wasm_size,
	guest_sleep_wasm_size, guest_node_size;
