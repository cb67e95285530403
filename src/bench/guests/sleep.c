/* Says that it runs, and sleeps: what memory is measured with. */
#include "bench/guests/guest.h"

GUEST_MAIN
{
	guest_write("s", 1);
	guest_sleep();
	GUEST_EXIT;
}
