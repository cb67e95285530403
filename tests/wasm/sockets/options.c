/* sock_setsockopt and sock_getsockopt. */
#include "v2.h"

static int32_t fd;

static int32_t get(int name)
{
	int32_t v = -1;
	uint32_t size = sizeof(v);

	OK(sock_getsockopt(fd, 0, name, &v, &size));
	IS(size, 4);
	return v;
}

static void set(int name, int32_t v)
{
	OK(sock_setsockopt(fd, 0, name, &v, sizeof(v)));
}

int main(int argc, char **argv)
{
	struct {
		int64_t sec, usec;
	} time = {2, 500000}, got_time;
	struct {
		int32_t on, seconds;
	} linger = {1, 7}, got_linger;
	uint8_t lo[4] = {127, 0, 0, 1};
	struct sock_address a = {lo, 4};
	uint32_t size;
	int32_t v = 1;

	OK(sock_open(SOCK_INET4, SOCK_STREAMS, &fd));
	static const int flags[] = {SOCK_OPT_REUSEADDR, SOCK_OPT_KEEPALIVE,
				    SOCK_OPT_BROADCAST, SOCK_OPT_DONTROUTE,
				    SOCK_OPT_OOBINLINE};
	for (unsigned int i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		IS(get(flags[i]), 0);
		set(flags[i], 1);
		TRUE(get(flags[i]) != 0);
	}
	IS(get(SOCK_OPT_TYPE), SOCK_STREAMS);
	IS(get(SOCK_OPT_ACCEPTCONN), 0);
	set(SOCK_OPT_SNDBUF, 65536);
	set(SOCK_OPT_RCVBUF, 65536);
	TRUE(get(SOCK_OPT_SNDBUF) >= 65536);
	TRUE(get(SOCK_OPT_RCVBUF) >= 65536);
	set(SOCK_OPT_RCVLOWAT, 2);
	IS(get(SOCK_OPT_RCVLOWAT), 2);
	OK(sock_setsockopt(fd, 0, SOCK_OPT_RCVTIMEO, &time, sizeof(time)));
	OK(sock_setsockopt(fd, 0, SOCK_OPT_SNDTIMEO, &time, sizeof(time)));
	size = sizeof(got_time);
	OK(sock_getsockopt(fd, 0, SOCK_OPT_RCVTIMEO, &got_time, &size));
	IS(size, sizeof(got_time));
	IS(got_time.sec, 2);
	IS(got_time.usec, 500000);
	OK(sock_setsockopt(fd, 0, SOCK_OPT_LINGER, &linger, sizeof(linger)));
	size = sizeof(got_linger);
	OK(sock_getsockopt(fd, 0, SOCK_OPT_LINGER, &got_linger, &size));
	IS(got_linger.seconds, 7);

	/* An error is the guest's number, not the host's. */
	IS(get(SOCK_OPT_ERROR), 0);
	OK(__wasi_fd_fdstat_set_flags((__wasi_fd_t)fd,
				      __WASI_FDFLAGS_NONBLOCK));
	uint32_t rc = sock_connect(fd, &a, 1);
	if (rc == __WASI_ERRNO_INPROGRESS) {
		__wasi_subscription_t s = {0};
		__wasi_event_t e;
		__wasi_size_t n;

		s.u.tag = __WASI_EVENTTYPE_FD_WRITE;
		s.u.u.fd_write.file_descriptor = (__wasi_fd_t)fd;
		OK(__wasi_poll_oneoff(&s, &e, 1, &n));
		IS(e.error, 0);
		rc = (uint32_t)get(SOCK_OPT_ERROR);
	}
	IS(rc, __WASI_ERRNO_CONNREFUSED);

	FAILS(sock_setsockopt(fd, 0, SOCK_OPT_TYPE, &v, 4), NOPROTOOPT);
	FAILS(sock_setsockopt(fd, 0, SOCK_OPT_KEEPALIVE, &v, 3), INVAL);
	FAILS(sock_setsockopt(fd, 0, SOCK_OPT_LINGER, &v, 4), INVAL);
	FAILS(sock_setsockopt(fd, 0, 15, &v, 4), NOPROTOOPT);
	FAILS(sock_setsockopt(fd, 1, SOCK_OPT_KEEPALIVE, &v, 4), INVAL);
	FAILS(sock_setsockopt(0, 0, SOCK_OPT_KEEPALIVE, &v, 4), NOTSOCK);
	size = 2;
	FAILS(sock_getsockopt(fd, 0, SOCK_OPT_TYPE, &v, &size), INVAL);
	size = 17;
	FAILS(sock_getsockopt(fd, 0, SOCK_OPT_TYPE, FAR, &size), FAULT);
	return done();
}
