#include "check.h"

int main(int argc, char **argv)
{
	__wasi_subscription_t s[4] = {0};
	__wasi_event_t e[4];
	__wasi_timestamp_t t0, t1;
	__wasi_size_t n;

	/* Half a tenth of a second. */
	s[0].userdata = 7;
	s[0].u.tag = __WASI_EVENTTYPE_CLOCK;
	s[0].u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
	s[0].u.u.clock.timeout = 50000000;
	OK(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &t0));
	OK(__wasi_poll_oneoff(s, e, 1, &n));
	OK(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &t1));
	IS(n, 1);
	IS(e[0].userdata, 7);
	IS(e[0].error, 0);
	IS(e[0].type, __WASI_EVENTTYPE_CLOCK);
	TRUE(t1 - t0 >= 50000000);

	/* By each clock, to a point in time; of several the first counts. */
	for (unsigned int id = 0; id < 2; id++) {
		OK(__wasi_clock_time_get(id, 1, &t0));
		s[0].u.u.clock.id = id;
		s[0].u.u.clock.flags =
			__WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME;
		s[0].u.u.clock.timeout = t0 + 3600000000000;
		s[1] = s[0];
		s[1].userdata = 8;
		s[1].u.u.clock.timeout = t0 + 50000000;
		OK(__wasi_poll_oneoff(s, e, 2, &n));
		OK(__wasi_clock_time_get(id, 1, &t1));
		IS(n, 1);
		IS(e[0].userdata, 8);
		TRUE(t1 - t0 >= 50000000);
	}
	s[0].u.u.clock.timeout = 1; /* long past */
	OK(__wasi_poll_oneoff(s, e, 1, &n));
	IS(n, 1);
	s[0].u.u.clock.id = __WASI_CLOCKID_THREAD_CPUTIME_ID;
	OK(__wasi_poll_oneoff(s, e, 1, &n));
	IS(e[0].error, __WASI_ERRNO_NOTSUP);

	/* A file is always ready; input with nothing in it is not; what is
	 * wrong is reported at once, in its event. */
	s[0] = (__wasi_subscription_t){.userdata = 1};
	s[0].u.tag = __WASI_EVENTTYPE_FD_READ;
	s[0].u.u.fd_read.file_descriptor = open_as("file", 0, R_READ);
	s[1] = s[0];
	s[1].userdata = 2;
	s[1].u.u.fd_read.file_descriptor = 0;
	s[2] = s[1];
	s[2].userdata = 3;
	s[2].u.u.fd_read.file_descriptor = 99;
	s[3] = s[1];
	s[3].userdata = 4;
	s[3].u.tag = __WASI_EVENTTYPE_FD_WRITE;
	s[3].u.u.fd_write.file_descriptor = 1;
	OK(__wasi_poll_oneoff(s, e, 4, &n));
	IS(n, 3);
	IS(e[0].userdata, 1);
	IS(e[0].fd_readwrite.nbytes, 12);
	IS(e[1].userdata, 3);
	IS(e[1].error, __WASI_ERRNO_BADF);
	IS(e[2].userdata, 4);
	IS(e[2].type, __WASI_EVENTTYPE_FD_WRITE);

	/* In and out may be the same memory. */
	static union {
		__wasi_subscription_t s[2];
		__wasi_event_t e[2];
	} both;
	both.s[0] = s[0];
	both.s[1] = s[2];
	OK(__wasi_poll_oneoff(both.s, both.e, 2, &n));
	IS(n, 2);
	IS(both.e[1].userdata, 3);

	FAILS(__wasi_poll_oneoff(s, e, 0, &n), INVAL);
	FAILS(__wasi_poll_oneoff(FAR, e, 1, &n), FAULT);
	FAILS(__wasi_poll_oneoff(s, FAR, 1, &n), FAULT);
	FAILS(__wasi_poll_oneoff(s, e, 0x8000000, &n), INVAL);
	return done();
}
