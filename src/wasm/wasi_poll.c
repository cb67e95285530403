/* wasm/wasi_poll.c
 * poll_oneoff: wait until one of several things happens.
 *
 * Descriptors become entries of ppoll().  Of the clocks, the earliest
 * deadline becomes its timeout; only a deadline by the wall clock needs a
 * timerfd, because that clock may be set while we sleep.  When ppoll()
 * returns, everything that is due is reported. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "wasm/wasi_internal.h"

/* One request costs about 100 bytes of ours. */
enum { MAX_SUBSCRIPTIONS = 65536 };

struct request {
	struct wasi_subscription sub;
	uint32_t error; /* of WASI; nonzero: due at once */
	bool by_wall_clock;
	uint64_t deadline; /* by the monotonic clock, in ns */
	int poll;          /* index of its pollfd, or -1 */
};

struct waiting {
	struct request *req;
	struct pollfd *fds; /* one more than there are requests */
	uint32_t n, n_fds;
	uint64_t deadline, wall_deadline; /* the earliest of each */
	bool due;                         /* something is, already */
	int timer;                        /* for wall_deadline, or -1 */
};

static void cleanup_waiting(struct waiting *w)
{
	free(w->req);
	free(w->fds);
	if (w->timer >= 0)
		close(w->timer);
}

static uint64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Copied before it is looked at; `in` and `out` of the guest may overlap. */
static uint32_t copy_in(struct wasi_call *c, struct waiting *w, uint32_t at)
{
	size_t size = c->unstable ? sizeof(struct wasi_subscription0)
				  : sizeof(struct wasi_subscription);
	const uint8_t *p = guest_at(c, at, (uint64_t)w->n * size);

	if (!p)
		return WASI_EFAULT;
	w->req = calloc(w->n, sizeof(*w->req));
	w->fds = calloc(w->n + 1, sizeof(*w->fds));
	if (!w->req || !w->fds)
		return WASI_ENOMEM;
	for (uint32_t i = 0; i < w->n; i++) {
		struct wasi_subscription *s = &w->req[i].sub;
		struct wasi_subscription0 s0;

		w->req[i].poll = -1;
		if (!c->unstable) {
			memcpy(s, p + i * size, size);
			continue;
		}
		memcpy(&s0, p + i * size, size);
		s->userdata = s0.userdata;
		s->type = s0.type;
		if (s0.type != WASI_EVENT_CLOCK) {
			s->fd = s0.fd;
			continue;
		}
		s->clock.id = s0.clock.id;
		s->clock.timeout = s0.clock.timeout;
		s->clock.flags = s0.clock.flags;
	}
	return WASI_SUCCESS;
}

static uint64_t add_clamped(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static uint32_t make_timer(struct waiting *w)
{
	w->timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	return w->timer < 0 ? wasi_errno(-errno) : WASI_SUCCESS;
}

static int arm_timer(const struct waiting *w)
{
	struct itimerspec t = {0};

	t.it_value.tv_sec = (time_t)(w->wall_deadline / 1000000000);
	t.it_value.tv_nsec = (long)(w->wall_deadline % 1000000000);
	if (!w->wall_deadline)
		t.it_value.tv_nsec = 1; /* 0 would disarm it */
	return timerfd_settime(w->timer, TFD_TIMER_ABSTIME, &t, NULL) < 0
		       ? -errno
		       : 0;
}

static uint32_t add_clock(struct waiting *w, struct request *r)
{
	bool absolute = r->sub.clock.flags & WASI_CLOCK_ABSTIME;
	uint64_t t = r->sub.clock.timeout;

	if (r->sub.clock.flags & ~WASI_CLOCK_ABSTIME || r->sub.clock.id > 3)
		return WASI_EINVAL;
	/* The time that we use does not pass while we sleep. */
	if (r->sub.clock.id > 1)
		return WASI_ENOTSUP;
	if (absolute && r->sub.clock.id == 0) {
		r->by_wall_clock = true;
		if (t < w->wall_deadline)
			w->wall_deadline = t;
		return w->timer < 0 ? make_timer(w) : WASI_SUCCESS;
	}
	r->deadline = absolute ? t : add_clamped(now(CLOCK_MONOTONIC), t);
	if (r->deadline < w->deadline)
		w->deadline = r->deadline;
	return WASI_SUCCESS;
}

static uint32_t add_fd(struct wasi_call *c, struct waiting *w,
		       struct request *r)
{
	bool reads = r->sub.type == WASI_EVENT_FD_READ;
	uint64_t rights = WASI_RIGHT_POLL_FD_READWRITE |
			  (reads ? WASI_RIGHT_FD_READ : WASI_RIGHT_FD_WRITE);
	struct wasi_fd *f;
	uint32_t rc = wasi_fd_get(c->w, r->sub.fd, rights, &f);

	if (rc)
		return rc;
	r->poll = (int)w->n_fds;
	w->fds[w->n_fds++] = (struct pollfd){
		.fd = f->fd,
		.events = reads ? POLLIN | POLLRDHUP : POLLOUT,
	};
	return WASI_SUCCESS;
}

static void add_request(struct wasi_call *c, struct waiting *w,
			struct request *r)
{
	switch (r->sub.type) {
	case WASI_EVENT_CLOCK:
		r->error = add_clock(w, r);
		break;
	case WASI_EVENT_FD_READ:
	case WASI_EVENT_FD_WRITE:
		r->error = add_fd(c, w, r);
		break;
	default:
		r->error = WASI_EINVAL;
	}
	if (r->error)
		w->due = true;
}

static int wait(struct waiting *w)
{
	struct timespec ts = {0}, *timeout = &ts;
	uint32_t n = w->n_fds;

	if (w->timer >= 0) {
		int rc = arm_timer(w);

		if (rc < 0)
			return rc;
		w->fds[n++] = (struct pollfd){w->timer, POLLIN, 0};
	}
	if (!w->due && w->deadline == UINT64_MAX) {
		timeout = NULL;
	} else if (!w->due) {
		uint64_t t = now(CLOCK_MONOTONIC);
		uint64_t left = w->deadline > t ? w->deadline - t : 0;

		ts.tv_sec = (time_t)(left / 1000000000);
		ts.tv_nsec = (long)(left % 1000000000);
	}
	return ppoll(w->fds, n, timeout, NULL) < 0 ? -errno : 0;
}

/* How much can be read without waiting; 0 if nobody can say. */
static uint64_t readable_bytes(int fd)
{
	struct stat st;
	int n = 0;

	if (fstat(fd, &st) < 0)
		return 0;
	if (S_ISREG(st.st_mode)) {
		off_t at = lseek(fd, 0, SEEK_CUR);

		return at >= 0 && at < st.st_size ? (uint64_t)(st.st_size - at)
						  : 0;
	}
	return ioctl(fd, FIONREAD, &n) == 0 && n > 0 ? (uint64_t)n : 0;
}

static bool fd_event(const struct waiting *w, const struct request *r,
		     struct wasi_event *e)
{
	const struct pollfd *p = &w->fds[r->poll];

	if (!p->revents)
		return false;
	if (p->revents & POLLNVAL) {
		e->error = WASI_EBADF;
		return true;
	}
	/* An error of a socket is the guest's to fetch; POLLERR on a pipe is
	 * a reader that went away. */
	if (p->revents & (POLLHUP | POLLRDHUP | POLLERR))
		e->flags = WASI_EVENT_HANGUP;
	if (r->sub.type == WASI_EVENT_FD_READ)
		e->nbytes = readable_bytes(p->fd);
	return true;
}

static bool is_due(const struct waiting *w, const struct request *r, uint64_t t,
		   struct wasi_event *e)
{
	*e = (struct wasi_event){
		.userdata = r->sub.userdata,
		.type = r->sub.type,
		.error = (uint16_t)r->error,
	};
	if (r->error)
		return true;
	if (r->poll >= 0)
		return fd_event(w, r, e);
	return r->by_wall_clock ? r->sub.clock.timeout <= now(CLOCK_REALTIME)
				: r->deadline <= t;
}

static uint32_t report(struct wasi_call *c, const struct waiting *w,
		       uint32_t at, uint32_t *ret)
{
	uint64_t t = now(CLOCK_MONOTONIC);
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n; i++) {
		struct wasi_event e;

		if (!is_due(w, &w->req[i], t, &e))
			continue;
		if (!guest_write(c, at + n * (uint32_t)sizeof(e), &e,
				 sizeof(e)))
			return WASI_EFAULT;
		n++;
	}
	*ret = n;
	return WASI_SUCCESS;
}

uint32_t wasi_poll_oneoff(struct wasi_call *c, const union wasm_value *arg)
{
	_cleanup_(cleanup_waiting) struct waiting w = {
		.n = arg[2].i32,
		.deadline = UINT64_MAX,
		.wall_deadline = UINT64_MAX,
		.timer = -1,
	};
	uint32_t rc, n = 0;

	if (!w.n || w.n > MAX_SUBSCRIPTIONS)
		return WASI_EINVAL;
	if (!guest_at(c, arg[1].i32,
		      (uint64_t)w.n * sizeof(struct wasi_event)) ||
	    !guest_at(c, arg[3].i32, 4))
		return WASI_EFAULT;
	rc = copy_in(c, &w, arg[0].i32);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < w.n; i++)
		add_request(c, &w, &w.req[i]);
	/* Waking early (a clock was set back) is nothing to report. */
	while (n == 0) {
		int err = wait(&w);

		if (err < 0)
			return wasi_errno(err);
		rc = report(c, &w, arg[1].i32, &n);
		if (rc)
			return rc;
	}
	return guest_write_u32(c, arg[3].i32, n);
}
