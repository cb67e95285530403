/* 00000840ddb7f630: indirect calls, through pointers in objects */
#include "kernel.h"

struct shape {
	uint32_t (*area)(const struct shape *);
	uint32_t a, b;
};

static uint32_t square(const struct shape *s)
{
	return s->a * s->a;
}

static uint32_t rectangle(const struct shape *s)
{
	return s->a * s->b;
}

static uint32_t triangle(const struct shape *s)
{
	return s->a * s->b / 2;
}

static uint32_t none(const struct shape *s)
{
	return 1;
}

int main(void)
{
	static uint32_t (*const kinds[])(const struct shape *) = {
		square, rectangle, triangle, none};
	static struct shape shapes[1000];
	uint64_t state = 3, sum = 0;

	for (int i = 0; i < 1000; i++)
		shapes[i] =
			(struct shape){kinds[next_random(&state) >> 62],
				       (uint32_t)(next_random(&state) >> 54),
				       (uint32_t)(next_random(&state) >> 54)};
	for (int round = 0; round < 50000; round++)
		for (int i = 0; i < 1000; i++)
			sum += shapes[i].area(&shapes[i]);
	return result(sum);
}
