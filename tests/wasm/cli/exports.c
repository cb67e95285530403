/* A reactor: functions to be called from outside. */
#include <stdio.h>
#include <stdlib.h>

#define EXPORT(name) __attribute__((export_name(#name)))

static int initialised;

__attribute__((constructor)) static void init(void)
{
	initialised = 42;
}

EXPORT(add) int add(int a, int b)
{
	return a + b;
}

EXPORT(wide) long long wide(long long a)
{
	return a;
}

EXPORT(half) double half(double a)
{
	return a / 2;
}

EXPORT(single) float single(float a)
{
	return a * 2;
}

/* An instruction of its own with -mbulk-memory. */
EXPORT(copy) void copy(char *to, const char *from, unsigned int n)
{
	__builtin_memcpy(to, from, n);
}

/* And these with -msimd128. */
typedef int ints __attribute__((vector_size(16)));

EXPORT(lanes) void lanes(ints *a, const ints *b)
{
	*a += *b;
}

EXPORT(ready) int ready(void)
{
	return initialised;
}

EXPORT(say) void say(void)
{
	puts("said");
	fflush(stdout);
}

EXPORT(leave) void leave(int code)
{
	exit(code);
}
