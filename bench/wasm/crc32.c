/* 000000007aed9d4e: table lookups, byte by byte */
#include "kernel.h"

int main(void)
{
	static uint32_t table[256];
	static uint8_t data[65536];
	uint64_t state = 13;
	uint32_t crc = ~0u;

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int k = 0; k < 8; k++)
			table[i] = table[i] & 1 ? table[i] >> 1 ^ 0xedb88320
						: table[i] >> 1;
	}
	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(next_random(&state) >> 56);
	for (int round = 0; round < 1000; round++)
		for (unsigned int i = 0; i < sizeof(data); i++)
			crc = table[(crc ^ data[i]) & 255] ^ crc >> 8;
	return result(crc);
}
