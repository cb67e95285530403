/* Says hello: what boot times are measured with. */
#include "bench/guests/guest.h"

GUEST_MAIN
{
	guest_write("hello\n", 6);
	GUEST_EXIT;
}
